//! dvcall: germline variant calling with a pileup network.
//!
//! ```text
//!  reads (BAM, CRAM) ─► library ──────────────────────────────────────────┐
//!                                                                         ▼
//!  region ─► reads ─► realigned reads ─► candidates ─► pileups ─► model ─► calls ─► VCF, gVCF
//!                                             │            │                 │
//!  truth VCF ─────────────────────────────► labels ─► examples ─► training   │
//!  truth VCF ──────────────────────────────────────────────────► evaluate ◄──┤
//!  cohort VCF ◄─ joint ◄────────────────────────────────────── gVCFs ◄───────┤
//!  peaks ─► sequences ─► regulatory networks ─► effects of variants ◄─ VCF ◄──┘
//! ```
//!
//! The modules are in the order of the data flow, and each imports only modules above it. ARCHITECTURE.md
//! walks one read and one region through them. This example calls the
//! variants of a region:
//!
//! ```
//! use dvcall::{calling::{Caller, CallingOptions}, evidence::{EvidenceOptions, EvidenceSource, Inputs}};
//!
//! # fn main() -> anyhow::Result<()> {
//! let inputs = Inputs {
//!     reference: "tests/sample/reference.fa".into(),
//!     reads: vec!["tests/sample/sample.bam".into()],
//!     regions: vec!["chrA:1-20,000".to_owned()].into(),
//!     sample: None,
//! };
//! let source = EvidenceSource::open(&inputs, EvidenceOptions::default(), 2)?;
//! let caller = Caller::new(source, &CallingOptions::default(), std::time::Instant::now())?;
//! caller.for_each_call(|contig, call| {
//!     println!("{contig}:{} {} QUAL {}", call.position + 1, call.genotype, call.quality());
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```

pub mod output;

pub(crate) mod page;

pub(crate) mod formats;

pub mod genome;

pub(crate) mod runtime;

pub mod gates;

pub mod targets;

pub mod variants;

pub mod panel;

pub mod joint;

pub mod reads;

pub mod library;

pub mod ploidy;

pub mod candidates;

pub mod realign;

pub mod evidence;

pub mod pileup;

pub mod examples;

pub mod model;

pub mod calling;

pub mod evaluate;

pub(crate) mod report;

pub(crate) mod validation;

pub(crate) mod regulatory;

pub mod cli;

pub mod commands;
