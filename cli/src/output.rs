//! What the command line answers on standard output.

/// Prints a line as `println!` does, unless nobody reads any more, as behind `| head`: what the command does is done to
/// its end.
macro_rules! say {
    ($($line:tt)*) => {{
        use ::std::io::Write as _;
        // Whoever reads has seen enough.
        let _ = writeln!(::std::io::stdout(), $($line)*);
    }};
}

pub(crate) use say;
