//! What a browser says, where there is one.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::full;

/// A Chromium on the path.
fn chromium() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    names.into_iter().find(runs)
}

fn load(browser: &str, folder: &Path, page: &str, arguments: &[&str]) -> Output {
    let path = folder.join("page.html");
    fs::write(&path, page).unwrap();
    Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(arguments)
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap()
}

fn console(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter(|line| line.contains("CONSOLE"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_browser_shows_it_without_complaint() {
    let Some(browser) = chromium() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let page = full(str::to_owned).html();
    let output = load(browser, folder.path(), &page, &["--dump-dom"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(console(&output), Vec::<String>::new());
    let dom = String::from_utf8_lossy(&output.stdout);
    for expected in ["<h2 id=\"second-heading\">", "</desc>", "The other 21 rows"] {
        assert!(dom.contains(expected), "{expected} is not there");
    }
    // What was asserted above would have been said: the policy stops a script and the browser tells.
    let planted = page.replace("</main>", "<script>alert(1)</script></main>");
    let output = load(browser, folder.path(), &planted, &["--dump-dom"]);
    assert_eq!(console(&output).len(), 1, "{:?}", console(&output));

    let picture = folder.path().join("page.png");
    let screenshot = format!("--screenshot={}", picture.display());
    let output = load(
        browser,
        folder.path(),
        &page,
        &[&screenshot, "--window-size=1200,2000"],
    );
    assert_eq!(console(&output), Vec::<String>::new());
    let bytes = fs::read(&picture).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
    assert!(
        bytes.len() > 50_000,
        "{} bytes: the page is blank",
        bytes.len()
    );
}
