//! Output files and folders: checks of their names, and complete outputs only.
//!
//! A run locks each output, writes it into a private folder beside it (`Draft`), and renames it when it is complete. A
//! list holds all temporary files, so that they are removed after a signal, an error or a lack of memory. The next run
//! with the same output removes the temporary files of a killed run. Finished work that another run can go on with is
//! kept in a folder with a fixed name.

mod crash;
mod draft;
pub mod escape;
mod file;
mod folder;
mod kept;
mod lock;
mod out_of_memory;
mod place;
mod put_in_place;
pub mod signals;
mod text_file;

pub(crate) use crash::memory_limit;
pub use draft::remove_temporaries;
pub(crate) use escape::{controls, controls_in_lines};
pub(crate) use file::OutputFile;
pub(crate) use folder::{FolderKind, OutputFolder};
pub use kept::kept_work;
pub(crate) use kept::{kept_folder, read_journal, write_journal};
pub(crate) use lock::Lock;
pub use out_of_memory::Allocator;
pub(crate) use place::{
    BAM_INDEXES, BCF_INDEXES, VCF_INDEXES, check_inputs_are_kept, ends_with, folder_of, indexes, place_of_file,
};
pub(crate) use put_in_place::{ReadyFile, put_in_place};
pub(crate) use text_file::{TextFile, ready_file, write_file};
