//! Aligned reads: what BAM and CRAM give, checked, filtered, and cut to a bounded depth.

mod read;

pub use read::{CigarKind, CigarOp, Read};
