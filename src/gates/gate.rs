//! Gates, and how they judge calls.

use std::fmt;
use std::path::PathBuf;

use crate::genome::IntervalSet;

/// Most gates of a file, because a call keeps one bit for each.
pub(super) const MOST_GATES: usize = 64;

/// What becomes of a call that a gate holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// FILTER gets this name.
    Filter(String),
    /// The call has at least this tier.
    Tier(u8),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(name) => write!(f, "{name}"),
            Self::Tier(tier) => write!(f, "tier{tier}"),
        }
    }
}

/// The values of a call that gates look at; none where the call does not have the value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures {
    /// GQ.
    pub quality: Option<f64>,
    pub depth: Option<f64>,
    /// Share of the reads that carry the rarest allele of the genotype.
    pub balance: Option<f64>,
}

impl Measures {
    /// The share of the reads of the rarest allele of a genotype. `depths` are the reads of each allele, the reference
    /// first.
    pub fn balance(alleles: impl Iterator<Item = usize>, depths: &[u32], depth: u32) -> Option<f64> {
        let reads = alleles.map(|allele| depths.get(allele).copied());
        let rarest = reads.collect::<Option<Vec<_>>>()?.into_iter().min()?;
        (depth > 0).then(|| f64::from(rarest) / f64::from(depth))
    }
}

/// What a call must reach in some regions.
#[derive(Clone, Debug)]
pub struct Gate {
    pub name: String,
    /// None: everywhere.
    pub regions: Option<IntervalSet>,
    /// Least values; none where the gate does not look at the value.
    pub least: Measures,
    pub action: Action,
}

impl Gate {
    /// Whether a call with these values does not reach what the gate demands. A call without the value does not.
    fn holds_back(&self, measures: &Measures) -> bool {
        let below = |least: Option<f64>, value: Option<f64>| least.is_some_and(|l| value.is_none_or(|v| v < l));
        below(self.least.quality, measures.quality)
            || below(self.least.depth, measures.depth)
            || below(self.least.balance, measures.balance)
    }

    /// What the gate demands, in words without a comma.
    pub fn demand(&self) -> String {
        let least = [
            ("GQ", self.least.quality),
            ("depth", self.least.depth),
            ("allele balance", self.least.balance),
        ];
        let demands = least
            .iter()
            .filter_map(|(name, least)| Some(format!("{name} {}", (*least)?)));
        demands.collect::<Vec<_>>().join(" and ")
    }
}

/// How gates judge a call: bit i is of gate i.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateMarks {
    /// The gates in whose regions the call lies.
    pub inside: u64,
    /// Of these, the gates that hold it back.
    pub failed: u64,
}

/// What the gates make of a call. The strictest of overlapping gates wins: every FILTER stands, and the greatest tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement<'a> {
    pub filters: Vec<&'a str>,
    pub tier: Option<u8>,
}

/// The gates of a file, in its order.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    pub gates: Vec<Gate>,
    /// The files that the gates were read from.
    pub files: Vec<PathBuf>,
}

impl Gates {
    /// Judges a call. `is_in` says whether the call lies in a set of regions.
    pub fn mark(&self, is_in: impl Fn(&IntervalSet) -> bool, measures: &Measures) -> GateMarks {
        let mut marks = GateMarks::default();
        for (bit, gate) in self.gates.iter().enumerate() {
            if gate.regions.as_ref().is_none_or(&is_in) {
                marks.inside |= 1 << bit;
                marks.failed |= u64::from(gate.holds_back(measures)) << bit;
            }
        }
        marks
    }

    /// The gates of some bits.
    pub fn marked(&self, bits: u64) -> impl Iterator<Item = &Gate> {
        let gates = self.gates.iter().enumerate();
        gates.filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, gate)| gate)
    }

    /// What the gates that hold a call back make of it.
    pub fn judge(&self, marks: GateMarks) -> Judgement<'_> {
        let mut judgement = Judgement::default();
        for gate in self.marked(marks.failed) {
            match &gate.action {
                Action::Filter(name) if judgement.filters.contains(&name.as_str()) => {}
                Action::Filter(name) => judgement.filters.push(name),
                Action::Tier(tier) => judgement.tier = judgement.tier.max(Some(*tier)),
            }
        }
        judgement
    }

    /// The names of FILTER that gates give, each once, with what its gates demand.
    pub fn filters(&self) -> Vec<(&str, String)> {
        let mut filters: Vec<(&str, String)> = Vec::new();
        for gate in &self.gates {
            let Action::Filter(name) = &gate.action else { continue };
            let demand = format!("{} in gate {}", gate.demand(), gate.name);
            match filters.iter_mut().find(|(known, _)| known == name) {
                Some((_, demands)) => *demands += &format!(" or {demand}"),
                None => filters.push((name, demand)),
            }
        }
        filters
    }

    /// Whether any gate gives this FILTER.
    pub fn have_filter(&self, name: &str) -> bool {
        let is_it = |gate: &Gate| matches!(&gate.action, Action::Filter(filter) if filter == name);
        self.gates.iter().any(is_it)
    }

    /// Whether any gate gives a tier.
    pub fn give_tiers(&self) -> bool {
        self.gates.iter().any(|gate| matches!(gate.action, Action::Tier(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    fn gate(name: &str, region: Option<(u64, u64)>, least: [Option<f64>; 3], action: Action) -> Gate {
        let [quality, depth, balance] = least;
        Gate {
            name: name.into(),
            regions: region.map(|(start, end)| IntervalSet::from_regions([Region::new("c", start, end)])),
            least: Measures {
                quality,
                depth,
                balance,
            },
            action,
        }
    }

    fn gates() -> Gates {
        let filter = |name: &str| Action::Filter(name.into());
        Gates {
            gates: vec![
                gate("coding", Some((10, 20)), [Some(20.0), None, None], Action::Tier(2)),
                gate("gene", Some((15, 30)), [Some(40.0), Some(30.0), None], filter("GENE")),
                gate("hard", Some((15, 16)), [None, None, Some(0.3)], Action::Tier(3)),
                gate("all", None, [Some(5.0), None, None], filter("GENE")),
            ],
            files: Vec::new(),
        }
    }

    fn measures(quality: f64, depth: f64, balance: f64) -> Measures {
        Measures {
            quality: Some(quality),
            depth: Some(depth),
            balance: Some(balance),
        }
    }

    #[test]
    fn of_overlapping_gates_the_strictest_wins() {
        let gates = gates();
        let judge = |position, values: Measures| gates.judge(gates.mark(|set| set.contains("c", position), &values));
        let judgement = |filters: &[&'static str], tier| Judgement {
            filters: filters.to_vec(),
            tier,
        };
        // Edges: a BED interval holds its start and not its end.
        assert_eq!(judge(9, measures(10.0, 50.0, 0.5)), judgement(&[], None));
        assert_eq!(judge(10, measures(10.0, 50.0, 0.5)), judgement(&[], Some(2)));
        assert_eq!(judge(20, measures(30.0, 50.0, 0.5)), judgement(&["GENE"], None));
        assert_eq!(judge(30, measures(30.0, 50.0, 0.5)), judgement(&[], None));
        // GQ 30 is enough for one gate and not for the other.
        assert_eq!(judge(15, measures(30.0, 50.0, 0.5)), judgement(&["GENE"], None));
        assert_eq!(judge(15, measures(10.0, 50.0, 0.2)), judgement(&["GENE"], Some(3)));
        assert_eq!(judge(15, measures(40.0, 30.0, 0.3)), judgement(&[], None));
        assert_eq!(judge(99, measures(4.0, 9.0, 0.5)), judgement(&["GENE"], None), "once");
    }

    #[test]
    fn a_call_without_the_value_is_held_back() {
        let gates = gates();
        let marks = gates.mark(|_| true, &Measures::default());
        assert_eq!((marks.inside, marks.failed), (0b1111, 0b1111));
        let names: Vec<_> = gates.marked(0b101).map(|gate| gate.name.as_str()).collect();
        assert_eq!(names, ["coding", "hard"]);
    }

    #[test]
    fn balance_is_of_the_rarest_allele_of_the_genotype() {
        let balance = |alleles: &[usize], depth| Measures::balance(alleles.iter().copied(), &[12, 6, 2], depth);
        assert_eq!(balance(&[0, 1], 24), Some(0.25));
        assert_eq!(balance(&[1, 1], 24), Some(0.25));
        assert_eq!(balance(&[0], 24), Some(0.5), "one copy");
        assert_eq!((balance(&[0, 3], 24), balance(&[0, 1], 0)), (None, None));
    }

    #[test]
    fn definitions_join_the_gates_of_one_filter() {
        let demand = "GQ 40 and depth 30 in gate gene or GQ 5 in gate all";
        assert_eq!(gates().filters(), [("GENE", demand.to_owned())]);
        assert!(gates().give_tiers() && gates().have_filter("GENE") && !gates().have_filter("tier2"));
    }
}
