//! Validation: benchmark sets scored again and again, and compared with the state that was accepted.
//!
//! ```text
//!  plan (TOML) ─► runs ─► calls, scores ─► state ─┬─► findings ─► page
//!                                accepted state ──┤               ▲
//!                                       history ──┴─► trends ─────┘
//! ```

mod breakdown;
mod findings;
mod history;
mod page;
mod plan;
mod state;
mod trends;

pub(crate) use breakdown::Breakdown;
pub(crate) use findings::findings;
pub(crate) use history::History;
pub(crate) use page::{Page, write_page};
pub(crate) use plan::{Plan, PlannedSet, Run};
pub(crate) use state::{
    Inputs, Quality, Repeat, RunState, State, TierScore, TypeScore, errors_of, records_digest, sha256_of,
};
