//! The command line: parse, run one command, map its result to an exit code.

mod cli;

use std::process::ExitCode;

use emberline::device::probe;

// Tensor operations allocate and free buffers of megabytes at every step. The system's allocator
// returns such buffers to the kernel each time, and the page faults of mapping them again cost as
// much as the arithmetic.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The child process that looks for GPUs on behalf of the parent.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == probe::ARGUMENT)
    {
        return probe::main();
    }
    cli::main()
}
