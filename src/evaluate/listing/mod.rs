//! Lists of single records: the annotated VCF and the table of errors.

mod annotated;
mod error_list;

pub use annotated::AnnotatedWriter;
pub use error_list::{ERROR_COLUMNS, ErrorList};
