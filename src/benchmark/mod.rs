//! Scoring calls against truth as the GA4GH standard has it: haplotypes are compared, not spellings.
//!
//! ```text
//!  truth VCF ─► calls ───────────────┐
//!                                    ├─► superloci ─► best path ─► records ─► strata ─► tally ─► tables, curves
//!  query VCF ─► calls ─► preprocess ─┘                                                    └─► annotated VCF, report
//! ```
//!
//! Sources: Krusche and others, "Best practices for benchmarking germline small-variant calls in human genomes", Nature
//! Biotechnology 37 (2019) 555–560; the optimum of the matching is vcfeval's (Cleary and others, bioRxiv 023754, 2015).

mod alignment;
mod annotated;
mod calibration;
mod call;
mod call_set;
mod charts;
mod context;
mod error_list;
mod evaluation;
mod haplotype;
mod interval;
mod kind;
mod metrics;
mod output;
mod path;
mod preprocess;
mod primitive;
mod record;
mod report;
mod roc;
mod score_field;
mod screen;
mod search;
mod strata;
mod superlocus;
mod tables;
mod tally;
mod variant;

pub use call::{Call, Score, Zygosity};
pub use evaluation::{Evaluation, GivenUp, Options, Query, Run, Subset, evaluate};
pub use kind::{Kind, SUBTYPES, Type};
pub use output::{Draft, check_prefix};
pub use record::{Entry, Record, Verdict};
pub use roc::{Curve, Point, Wanted};
pub use score_field::ScoreField;
pub use screen::{Named, aligned, comparison};
pub use search::Limits;
pub use superlocus::Match;
pub use tally::{Count, Counts, Filter, Observation, Part, Tally};
