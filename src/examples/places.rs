//! Where the examples of a set are: few intervals.

use serde::{Deserialize, Serialize};

/// Most intervals, unless there are more contigs.
const MOST: usize = 500;
/// Examples that are no farther apart, in bases, are in one interval. Doubled while there are too many intervals.
const NEAR: u64 = 10_000;

/// An interval of a contig, 1-based and inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(pub String, pub u64, pub u64);

impl Place {
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0 == other.0 && self.1 <= other.2 && other.1 <= self.2
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}-{}", self.0, self.1, self.2)
    }
}

/// Gathers the places of examples, which come mostly in the order of the genome.
pub struct Places {
    near: u64,
    intervals: Vec<Place>,
}

impl Places {
    pub fn new() -> Self {
        Self {
            near: NEAR,
            intervals: Vec::new(),
        }
    }

    /// Adds an example at a 0-based position.
    pub fn add(&mut self, contig: &str, position: u64) {
        self.join(Place(contig.to_owned(), position + 1, position + 1));
        while self.intervals.len() > MOST && self.near < 1 << 40 {
            self.near *= 2;
            std::mem::take(&mut self.intervals)
                .into_iter()
                .for_each(|place| self.join(place));
        }
    }

    /// Makes the last interval longer if the place is near it.
    fn join(&mut self, place: Place) {
        match self.intervals.last_mut() {
            Some(last) if last.0 == place.0 && place.1 <= last.2 + self.near && last.1 <= place.2 + self.near => {
                (last.1, last.2) = (last.1.min(place.1), last.2.max(place.2));
            }
            _ => self.intervals.push(place),
        }
    }

    pub fn finish(self) -> Vec<Place> {
        self.intervals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_examples_are_in_one_interval_and_the_intervals_are_few() {
        let places = |positions: &[u64]| {
            let mut places = Places::new();
            positions.iter().for_each(|&position| places.add("c", position));
            places.finish()
        };
        let place = |start, end| Place("c".to_owned(), start, end);
        assert_eq!(
            places(&[99, 5_000, 15_000, 15_000, 90_000]),
            [place(100, 15_001), place(90_001, 90_001)]
        );
        let far: Vec<u64> = (0..40_000).map(|i| i * 50_000).collect();
        let few = places(&far);
        assert!(few.len() <= MOST, "{}", few.len());
        let within = |&position: &u64| few.iter().any(|place| (place.1..=place.2).contains(&(position + 1)));
        assert!(far.iter().all(within));

        let overlap = |a: (u64, u64), b: (u64, u64)| place(a.0, a.1).overlaps(&place(b.0, b.1));
        assert!(overlap((1, 5), (5, 9)) && overlap((1, 9), (3, 4)) && !overlap((1, 5), (6, 9)));
        assert!(!place(1, 5).overlaps(&Place("d".to_owned(), 1, 5)));
    }
}
