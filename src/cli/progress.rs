//! Progress: bars on a terminal, plain lines in a pipe.
