//! Help, version, completions and usage errors.

use super::Program;

#[test]
fn help_lists_every_command() {
    let program = Program::new();
    let answer = program.succeed(&["--help"]);
    insta::assert_snapshot!("help", answer.stdout);
    assert!(answer.stderr.is_empty(), "{}", answer.stderr);
}

#[test]
fn help_of_the_commands_of_a_run() {
    let program = Program::new();
    for command in [
        "train",
        "resume",
        "score",
        "export",
        "config",
        "runs",
        "checkpoint",
        "bench",
    ] {
        let answer = program.succeed(&[command, "--help"]);
        insta::assert_snapshot!(format!("help_{command}"), answer.stdout);
    }
}

#[test]
fn version_is_the_crates() {
    let program = Program::new();
    let answer = program.succeed(&["--version"]);
    assert_eq!(
        answer.stdout,
        format!("emberline {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn usage_errors_exit_with_2_and_say_what_is_known() {
    let program = Program::new();
    for (arguments, part) in [
        (&["trian"][..], "train"),
        (&["train", "--epochs", "3"], "--epochs"),
        (&["score"], "--checkpoint"),
        (&["--threads", "0", "train"], "0"),
        (&["train", "--gaps", "hide"], "fill, break, ignore"),
        (&["train", "--stamp", "middle"], "open, close"),
        (
            &["score", "--checkpoint", "x", "--batch-size", "0"],
            "1 to 1048576",
        ),
        (&[], "Usage"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_emberline"));
        let output = command
            .current_dir(program.path(""))
            .args(arguments)
            .output()
            .expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains(part),
            "no `{part}` for {arguments:?} in {stderr}"
        );
    }
}

#[test]
fn completions_know_the_commands() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.succeed(&["completions", shell]).stdout;
        for word in [
            "train",
            "resume",
            "score",
            "walk-forward",
            "checkpoint",
            "simulate",
        ] {
            assert!(script.contains(word), "{shell} lacks `{word}`");
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    use std::io::Read as _;
    use std::process::Stdio;
    let program = Program::new();
    let mut child = program
        .command(&["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut stderr)
        .expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{stderr}");
    assert!(stderr.is_empty(), "{stderr}");
}
