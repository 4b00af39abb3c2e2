//! The seven channels: how each property of a base becomes a byte. 0 is an empty pixel.

/// Number of channels of a pileup.
pub const CHANNELS: usize = 7;

/// Names of the channels, in order.
pub const CHANNEL_NAMES: [&str; CHANNELS] = [
    "read base",
    "base quality",
    "mapping quality",
    "strand",
    "supports allele",
    "differs from reference",
    "insert size",
];

/// Index of each channel in a pixel.
pub mod index {
    pub const READ_BASE: usize = 0;
    pub const BASE_QUALITY: usize = 1;
    pub const MAPPING_QUALITY: usize = 2;
    pub const STRAND: usize = 3;
    pub const SUPPORT: usize = 4;
    pub const DIFFERENCE: usize = 5;
    pub const INSERT_SIZE: usize = 6;
}

/// Brightness of a read that supports the allele.
pub const SUPPORTS: u8 = 254;
/// Brightness of a base that differs from the reference.
pub const DIFFERS: u8 = 254;
/// Brightness of a forward and of a reverse read.
pub const STRANDS: [u8; 2] = [70, 240];

/// The highest value of a channel.
const FULL: u32 = 254;

/// The image shows higher base qualities as this one.
const MAX_BASE_QUALITY: u32 = 40;
/// The image shows higher mapping qualities as this one.
const MAX_MAPPING_QUALITY: u32 = 60;
/// The image shows larger insert sizes as this one, in bases.
const MAX_INSERT_SIZE: u64 = 1_000;

/// Channel 1. A base other than A, C, G or T (such as the anchor of an indel) is 0.
pub(super) fn read_base(base: u8) -> u8 {
    /// A table, because branches on bases cannot be predicted.
    const READ_BASES: [u8; 256] = {
        let mut brightness = [0; 256];
        (brightness[b'A' as usize], brightness[b'G' as usize]) = (250, 180);
        (brightness[b'T' as usize], brightness[b'C' as usize]) = (100, 30);
        brightness
    };
    READ_BASES[usize::from(base)]
}

/// Channel 2.
pub(super) fn base_quality(quality: u8) -> u8 {
    (FULL * u32::from(quality).min(MAX_BASE_QUALITY) / MAX_BASE_QUALITY) as u8
}

/// Channel 3.
pub(super) fn mapping_quality(quality: u8) -> u8 {
    (FULL * u32::from(quality).min(MAX_MAPPING_QUALITY) / MAX_MAPPING_QUALITY) as u8
}

/// Channel 4.
pub(super) fn strand(reverse: bool) -> u8 {
    STRANDS[usize::from(reverse)]
}

/// Channel 5.
pub(super) fn supports_allele(supports: bool) -> u8 {
    if supports { SUPPORTS } else { 152 }
}

/// Channel 6.
pub(super) fn differs_from_reference(differs: bool) -> u8 {
    if differs { DIFFERS } else { 50 }
}

/// Channel 7, from SAM's TLEN.
pub(super) fn insert_size(insert_size: i64) -> u8 {
    (u64::from(FULL) * insert_size.unsigned_abs().min(MAX_INSERT_SIZE) / MAX_INSERT_SIZE) as u8
}

/// All channels of a reference base.
pub(super) fn reference_pixel(base: u8) -> [u8; CHANNELS] {
    [
        read_base(base),
        FULL as u8,
        FULL as u8,
        strand(false),
        supports_allele(false),
        differs_from_reference(false),
        FULL as u8,
    ]
}
