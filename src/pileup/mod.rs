//! The pileup image of a candidate: row selection and order, and the seven channels.
