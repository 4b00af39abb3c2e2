//! What part of the genome a run is asked for.

use std::path::Path;

use anyhow::{Result, bail};

use super::contigs::Contigs;
use super::intervals::IntervalSet;
use super::region::Region;
use super::region_file::{Kind, RegionFile};
use crate::formats::is_input;

/// The regions that a run is asked for: docs/regions.md lists the spellings and the kinds of files.
#[derive(Clone, Debug, Default)]
pub struct RegionChoice {
    /// Region strings, lists of them, and files. None: everything.
    pub included: Vec<String>,
    /// As `included`; taken out at the end.
    pub excluded: Vec<String>,
    /// Bases to add before and after each region of `included`.
    pub padding: u64,
}

impl From<Vec<String>> for RegionChoice {
    fn from(included: Vec<String>) -> Self {
        Self {
            included,
            ..Self::default()
        }
    }
}

impl RegionChoice {
    pub fn is_everything(&self) -> bool {
        self.included.is_empty() && self.excluded.is_empty()
    }

    /// Sorted and merged intervals in the order of `contigs`. If nothing is included, they are those of `everywhere`.
    pub fn resolve(&self, contigs: &Contigs, everywhere: &Contigs) -> Result<IntervalSet> {
        let included = match self.included.is_empty() {
            true => IntervalSet::from_regions(everywhere.iter().map(|c| Region::new(&c.name, 0, c.length))),
            false => self.padded(gather("--regions", &self.included, contigs)?, contigs),
        };
        if self.excluded.is_empty() {
            return Ok(included);
        }
        let rest = included.without(&gather("--exclude-regions", &self.excluded, contigs)?);
        if rest.is_empty() && !included.is_empty() {
            log::warn!("--exclude-regions leaves no base; nothing is looked at");
        }
        Ok(rest)
    }

    fn padded(&self, set: IntervalSet, contigs: &Contigs) -> IntervalSet {
        if self.padding == 0 {
            return set;
        }
        let pad = |region: Region| {
            let length = contigs.get(&region.contig).map_or(region.end, |c| c.length);
            let end = region.end.saturating_add(self.padding).min(length);
            Region::new(region.contig, region.start.saturating_sub(self.padding), end)
        };
        IntervalSet::from_regions(set.regions().map(pad))
    }
}

/// The regions of all values of a flag, in the order of the contigs.
pub fn gather(flag: &str, values: &[String], contigs: &Contigs) -> Result<IntervalSet> {
    let mut regions = Vec::new();
    for value in values {
        let is_one = contigs.get(value).is_some() || is_input(Path::new(value));
        let items = if is_one { vec![value.as_str()] } else { items(value) };
        if items.iter().any(|item| item.is_empty()) {
            bail!("{flag} '{value}': a region is missing before or after a comma");
        }
        for item in items {
            let path = Path::new(item);
            if contigs.get(item).is_none() && is_input(path) {
                let file = RegionFile::read(path, contigs)?;
                file.log(flag, path);
                regions.extend(file.intervals.regions());
            } else if Kind::of_name(path).is_some() && contigs.get(item).is_none() {
                bail!("{flag} {item}: no such file");
            } else {
                check_thousands(item, contigs)?;
                regions.push(Region::parse(item, contigs)?);
            }
        }
    }
    // Output follows the order of the reference, whatever the order in which regions were given.
    regions.sort_by_key(|r| contigs.position(&r.contig));
    Ok(IntervalSet::from_regions(regions))
}

/// What a value of a flag names, regions and files, separated by commas or spaces.
pub(super) fn items(value: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut words = value.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let (mut start, mut in_braces) = (0, false);
        for (at, sign) in word.char_indices() {
            in_braces = sign == '{' || in_braces && sign != '}';
            if sign == ',' && !in_braces && !separates_thousands(&word[start..at], &word[at + 1..]) {
                items.push(&word[start..at]);
                start = at + 1;
            }
        }
        // As in "chr1, chr2".
        if start < word.len() || words.peek().is_none() {
            items.push(&word[start..]);
        }
    }
    if items.is_empty() { vec![""] } else { items }
}

/// Whether a comma stands within a number such as 10,000: in a range, after one to three digits and before three.
fn separates_thousands(before: &str, after: &str) -> bool {
    let digits = |text: &mut dyn Iterator<Item = char>| text.take_while(char::is_ascii_digit).count();
    let is_range = before.rsplit_once(':').is_some_and(|(_, range)| {
        range.starts_with(|c: char| c.is_ascii_digit() || "-.".contains(c))
            && range.chars().all(|c| c.is_ascii_digit() || ",-.".contains(c))
    });
    is_range && (1..=3).contains(&digits(&mut before.chars().rev())) && digits(&mut after.chars()) == 3
}

/// Fails if three digits after a comma may be a contig: `1:5,100` is base 5,100 of contig 1, or base 5 and contig 100.
fn check_thousands(item: &str, contigs: &Contigs) -> Result<()> {
    let range = item.rsplit_once(':').map_or("", |(_, range)| range);
    match range.split(',').skip(1).find(|digits| contigs.get(digits).is_some()) {
        Some(name) => bail!(
            "region '{item}': is {name} the contig, or part of a number? Write {{{name}}}, or numbers without commas"
        ),
        None => Ok(()),
    }
}

/// The files that values of a flag may name.
pub(crate) fn named_files(values: &[String]) -> impl Iterator<Item = &Path> {
    let items = values.iter().flat_map(|value| match is_input(Path::new(value)) {
        true => vec![value.as_str()],
        false => items(value),
    });
    items.map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::super::contigs::Contig;
    use super::*;

    fn contigs() -> Contigs {
        let names = ["1", "2", "100", "chr20", "HLA-A*01:01", "odd,name"];
        let contig = |name: &&str| Contig {
            name: (*name).into(),
            length: 3_000_000,
        };
        names.iter().map(contig).collect()
    }

    fn choice(included: &[&str], excluded: &[&str], padding: u64) -> Result<Vec<String>> {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        let choice = RegionChoice {
            included: owned(included),
            excluded: owned(excluded),
            padding,
        };
        let everywhere: Contigs = contigs().iter().take(2).cloned().collect();
        let regions = choice.resolve(&contigs(), &everywhere)?;
        Ok(regions.regions().map(|region| region.to_string()).collect())
    }

    #[test]
    fn lists_are_separated_by_commas_and_spaces() {
        let table: [(&str, &[&str]); 12] = [
            ("1", &["1"]),
            ("1,2", &["1", "2"]),
            ("2:5-6,1:1,000-2,000", &["2:5-6", "1:1,000-2,000"]),
            ("1:1,000,000-1,000,100,2", &["1:1,000,000-1,000,100", "2"]),
            ("1:1,000..2,000,2:5", &["1:1,000..2,000", "2:5"]),
            ("1:1000,200", &["1:1000", "200"]),
            ("1:5,20", &["1:5", "20"]),
            ("1,100", &["1", "100"]),
            ("1:5,{100}:6-7", &["1:5", "{100}:6-7"]),
            ("{odd,name}:1-5,HLA-A*01:01", &["{odd,name}:1-5", "HLA-A*01:01"]),
            ("1, 2  chr20:5-", &["1", "2", "chr20:5-"]),
            ("1,,2,", &["1", "", "2", ""]),
        ];
        for (value, expected) in table {
            assert_eq!(items(value), expected, "{value}");
        }
        assert_eq!(
            choice(&["2:5-6,1:1,000-2,000", "{odd,name}:7"], &[], 0).unwrap(),
            ["1:1000-2000", "2:5-6", "odd,name:7-7"]
        );
        for (value, expected) in [
            ("1,,2", "missing before or after a comma"),
            ("1,2,", "missing"),
            (" ", "missing"),
            ("1:5,100", "is 100 the contig, or part of a number?"),
            ("1,targets.bed", "--regions targets.bed: no such file"),
            ("targets.interval_list.gz", "no such file"),
        ] {
            let error = format!("{:#}", choice(&[value], &[], 0).unwrap_err());
            assert!(error.contains(expected), "{value}: {error}");
        }
    }

    #[test]
    fn regions_are_padded_first_and_excluded_last() {
        let regions = |included: &[&str], excluded: &[&str], padding| choice(included, excluded, padding).unwrap();
        assert_eq!(regions(&[], &[], 0), ["1:1-3000000", "2:1-3000000"]);
        assert_eq!(regions(&[], &["2,1:11-"], 0), ["1:1-10"]);
        assert_eq!(
            regions(&["chr20"], &["chr20:11-20,2"], 0),
            ["chr20:1-10", "chr20:21-3000000"]
        );
        assert_eq!(regions(&["1:100-200,1:205-300"], &[], 3), ["1:97-303"]);
        assert_eq!(regions(&["1:3-4,1:2999999"], &[], 5), ["1:1-9", "1:2999994-3000000"]);
        assert_eq!(regions(&["1:100-200"], &["1:95-150"], 10), ["1:90-94", "1:151-210"]);
        assert_eq!(regions(&["1:100"], &[], u64::MAX), ["1:1-3000000"]);
        assert!(regions(&["1:100-200"], &["1"], 0).is_empty());
        let error = format!("{:#}", choice(&["1"], &["chr1:5"], 0).unwrap_err());
        assert!(error.contains("has '1'"), "{error}");
    }

    #[test]
    fn files_and_regions_may_be_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let bed = write("a, b.bed", "2\t4\t6\n");
        let list = write("x.list", "1:7\n");
        assert_eq!(choice(&[&bed, "chr20:1"], &[], 0).unwrap(), ["2:5-6", "chr20:1-1"]);
        let both = format!("2:9,{list}");
        assert_eq!(choice(&[&both], &[], 0).unwrap(), ["1:7-7", "2:9-9"]);
        assert_eq!(choice(&["1:1-10"], &[&list], 0).unwrap(), ["1:1-6", "1:8-10"]);
        let values = [bed.clone(), both];
        let named: Vec<_> = named_files(&values).collect();
        assert_eq!(named, [Path::new(&bed), Path::new("2:9"), Path::new(&list)]);
    }
}
