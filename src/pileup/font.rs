//! Letters for captions: three pixels wide, five pixels high.

/// Size of a letter, in font pixels.
pub(super) const LETTER_WIDTH: usize = 3;
pub(super) const LETTER_HEIGHT: usize = 5;

/// Rows from top to bottom, one octal digit for each row: 4 is the left pixel, 2 the middle, 1 the right.
const LETTERS: &[(char, u16)] = &[
    ('A', 0o25755),
    ('B', 0o65656),
    ('C', 0o34443),
    ('D', 0o65556),
    ('E', 0o74647),
    ('F', 0o74644),
    ('G', 0o34553),
    ('H', 0o55755),
    ('I', 0o72227),
    ('J', 0o11152),
    ('K', 0o55655),
    ('L', 0o44447),
    ('M', 0o57755),
    ('N', 0o75555),
    ('O', 0o25552),
    ('P', 0o65644),
    ('Q', 0o25563),
    ('R', 0o65655),
    ('S', 0o34216),
    ('T', 0o72222),
    ('U', 0o55557),
    ('V', 0o55552),
    ('W', 0o55775),
    ('X', 0o55255),
    ('Y', 0o55222),
    ('Z', 0o71247),
    ('0', 0o75557),
    ('1', 0o26227),
    ('2', 0o61247),
    ('3', 0o61216),
    ('4', 0o55711),
    ('5', 0o74616),
    ('6', 0o34757),
    ('7', 0o71122),
    ('8', 0o75757),
    ('9', 0o75716),
    (':', 0o02020),
    (',', 0o00024),
    ('.', 0o00002),
    ('-', 0o00700),
    ('+', 0o02720),
    ('*', 0o05250),
    ('/', 0o11244),
    ('(', 0o12221),
    (')', 0o42224),
    ('>', 0o42124),
    ('_', 0o00007),
];

/// The inked pixels of a letter as (column, row). Lower-case letters look like capitals, unknown letters like a space.
pub(super) fn ink(letter: char) -> impl Iterator<Item = (usize, usize)> {
    let letter = letter.to_ascii_uppercase();
    let rows = LETTERS
        .iter()
        .find(|(known, _)| *known == letter)
        .map_or(0, |(_, rows)| *rows);
    let bits = LETTER_WIDTH * LETTER_HEIGHT;
    (0..bits)
        .filter(move |bit| rows >> (bits - 1 - bit) & 1 == 1)
        .map(|bit| (bit % LETTER_WIDTH, bit / LETTER_WIDTH))
}
