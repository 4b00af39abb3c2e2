//! The sex of a sample, by the depth of X and Y beside that of the autosomes.

use std::fmt;

use serde::Serialize;

use crate::library::Density;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Male,
    Female,
}

/// X has one copy up to this depth (relative to the autosomes), and two copies from `TWO_COPIES` on. One copy gives 0.5
/// and two give 1.0. Between the bounds, the sex is unknown; also if the error of the depth reaches the other bound.
const ONE_COPY: f64 = 0.65;
const TWO_COPIES: f64 = 0.8;
/// Least depth of a Y that the sample has. Misplaced reads on a woman's Y give less.
const Y_PRESENT: f64 = 0.15;
/// Minimum number of cells with reads (1 kb each), on X and on the autosomes: fewer may lie in one deletion or copy.
const FEWEST_CELLS: usize = 10;

/// The sex of the sample, and how it is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SexReport {
    /// None: unknown.
    pub sex: Option<Sex>,
    /// How it is known, or why it is not.
    pub basis: String,
    /// Depth of X outside the pseudoautosomal regions, relative to the autosomes; none if not measured.
    pub x_depth: Option<f64>,
    pub y_depth: Option<f64>,
}

impl SexReport {
    pub fn given(sex: Sex) -> Self {
        Self::without_depth(Some(sex), "given")
    }

    pub fn unknown(cause: &str) -> Self {
        Self::without_depth(None, cause)
    }

    fn without_depth(sex: Option<Sex>, basis: &str) -> Self {
        Self {
            sex,
            basis: basis.to_owned(),
            x_depth: None,
            y_depth: None,
        }
    }

    /// The sex by the density of reads on the autosomes, X and Y. X decides; a Y that does not fit makes it unknown.
    pub fn measured(autosomes: Density, x: Density, y: Option<Density>) -> Self {
        let few = |density: &Density| density.cells < FEWEST_CELLS;
        if few(&autosomes) || few(&x) {
            let place = if few(&autosomes) { "the autosomes" } else { "X" };
            return Self::unknown(&format!("too few reads on {place}"));
        }
        let error = error(&x, &autosomes);
        let x = x.around_reads / autosomes.around_reads;
        // Reads that are misplaced on Y pile up, so that only the mean says how many there are.
        let y = y.map(|y| y.mean / autosomes.around_reads);
        let has_y = y.is_some_and(|y| y >= Y_PRESENT);
        let (sex, basis) = match x {
            x if x <= ONE_COPY && x * (1.0 + error) < TWO_COPIES => (Some(Sex::Male), "depth"),
            x if x < TWO_COPIES || x * (1.0 - error) <= ONE_COPY => (None, "the depth of X is not clear"),
            _ if has_y => (None, "the depth of X is that of two copies, but Y has reads"),
            _ => (Some(Sex::Female), "depth"),
        };
        let rounded = |depth: f64| (depth * 100.0).round() / 100.0;
        Self {
            sex,
            basis: basis.to_owned(),
            x_depth: Some(rounded(x)),
            y_depth: y.map(rounded),
        }
    }
}

/// Two standard errors of the ratio of two medians, relative to the ratio. The factors are those of normal distributions:
/// 1.35 standard deviations lie between quartiles, and the error of a median is 1.25 times that of a mean.
fn error(a: &Density, b: &Density) -> f64 {
    let squared = |density: &Density| (1.25 * density.spread / 1.35).powi(2) / density.cells as f64;
    2.0 * (squared(a) + squared(b)).sqrt()
}

impl fmt::Display for SexReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sex = match self.sex {
            Some(Sex::Male) => "male",
            Some(Sex::Female) => "female",
            None => "unknown",
        };
        write!(f, "{sex} ({}", self.basis)?;
        if let Some(x) = self.x_depth {
            write!(f, "; depth relative to autosomes: X {x:.2}")?;
        }
        if let Some(y) = self.y_depth {
            write!(f, ", Y {y:.2}")?;
        }
        write!(f, ")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn density(reads: f64, cells: usize) -> Density {
        Density {
            around_reads: reads,
            spread: 0.2,
            mean: reads,
            cells,
        }
    }

    fn measured(x: f64, y: Option<f64>) -> Option<Sex> {
        let y = y.map(|y| density(200.0 * y, 30));
        SexReport::measured(density(200.0, 500), density(200.0 * x, 40), y).sex
    }

    #[test]
    fn x_decides_with_a_margin() {
        assert_eq!(measured(0.5, Some(0.4)), Some(Sex::Male));
        assert_eq!(measured(0.64, None), Some(Sex::Male));
        assert_eq!(measured(0.5, Some(0.0)), Some(Sex::Male), "one X, and no Y");
        assert_eq!(measured(0.7, Some(0.4)), None);
        assert_eq!(measured(0.81, Some(0.1)), Some(Sex::Female));
        assert_eq!(measured(1.2, None), Some(Sex::Female));
        assert_eq!(measured(1.0, Some(0.4)), None, "two X and a Y");
    }

    #[test]
    fn few_reads_decide_nothing() {
        let measured = |autosomes, x| SexReport::measured(density(9.0, autosomes), density(9.0, x), None);
        assert_eq!(measured(10, 10).sex, Some(Sex::Female));
        assert_eq!(measured(9, 10).to_string(), "unknown (too few reads on the autosomes)");
        assert_eq!(measured(10, 9).to_string(), "unknown (too few reads on X)");
        // Uneven depth, as of amplicons.
        let uneven = |reads, cells| Density {
            spread: 1.0,
            ..density(reads, cells)
        };
        let measured = |x, cells| SexReport::measured(uneven(200.0, 300), uneven(x, cells), None).sex;
        assert_eq!((measured(120.0, 10), measured(120.0, 100)), (None, Some(Sex::Male)));
        assert_eq!((measured(180.0, 10), measured(180.0, 100)), (None, Some(Sex::Female)));
    }

    #[test]
    fn the_report_tells_the_figures() {
        let report = SexReport::measured(density(200.0, 500), density(101.0, 40), Some(density(55.0, 9)));
        assert_eq!(
            report.to_string(),
            "male (depth; depth relative to autosomes: X 0.51, Y 0.28)"
        );
        assert_eq!(SexReport::given(Sex::Female).to_string(), "female (given)");
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(json, r#"{"sex":"male","basis":"depth","x_depth":0.51,"y_depth":0.28}"#);
    }
}
