//! The command line: parse, run one command, map its result to an exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
