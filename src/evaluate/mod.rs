//! Evaluates calls against truth by the GA4GH standard: compares haplotypes instead of records.
//!
//! ```text
//!  truth VCF ─► calls ───────────────┐
//!                                    ├─► superloci ─► best path ─► records ─► strata ─► tally ─► tables, curves
//!  query VCF ─► calls ─► preprocess ─┘                                                    └─► annotated VCF, report
//! ```
//!
//! Sources: Krusche and others, "Best practices for benchmarking germline small-variant calls in human genomes", Nature
//! Biotechnology 37 (2019) 555–560; the optimum of the matching is vcfeval's (Cleary and others, bioRxiv 023754, 2015).

mod calls;
mod counts;
mod evaluation;
mod listing;
mod matching;
mod options;
mod report;
mod result;

pub use calls::ScoreField;
pub use counts::{Counts, FilterRow, TYPES};
pub(crate) use counts::{f1_interval, jeffreys};
pub use evaluation::{Evaluation, evaluate};
pub use matching::Limits;
pub use options::{Options, Query};
pub use report::{Curve, Wanted};
pub(crate) use report::{EvaluationFiles, Named, aligned, by_ploidy, check_prefix, comparison};
pub(crate) use result::Subset;
pub use result::{EvaluatedCallSet, GivenUp};
