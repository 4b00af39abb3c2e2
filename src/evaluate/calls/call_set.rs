//! Reads the calls of one sample from a VCF, contig by contig, and checks every line.

use std::collections::hash_map::Entry;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustc_hash::FxHashMap;

use super::call::{CallQualities, JudgedByGates, MAX_ALLELE_LENGTH, SampleCall, is_sequence};
use super::context::with_context;
use super::score_field::{ScoreField, number};
use crate::gates::{Gates, Measures};
use crate::genome::{Contigs, IntervalSet};
use crate::variants::{CallExclusion, CalledAllele, ExcludedCalls, Extent, VariantReader, VariantRecord};

/// Which calls to read from a VCF.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    /// Required if the file has several samples.
    pub sample: Option<&'a str>,
    /// The flag that selects a sample, for error messages.
    pub sample_flag: &'a str,
    /// Only calls in the regions and the comparison's context around them are kept.
    pub regions: Option<&'a IntervalSet>,
    pub filtered: Filtered,
    pub score: &'a ScoreField,
    /// Gates that judge the calls.
    pub gates: Option<&'a Gates>,
}

/// How to treat calls that failed a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filtered {
    /// Keep them with the names of the filters.
    Marked,
    Excluded,
    AsPassed,
}

/// The calls of one sample that differ from the reference, in file order.
pub struct CallReader<'a> {
    pub path: PathBuf,
    pub sample: String,
    /// Names of the filters of the calls read so far.
    pub filters: Vec<String>,
    pub left_out: ExcludedCalls,
    reader: VariantReader,
    contigs: &'a Contigs,
    selection: Selection<'a>,
    /// The regions with their context.
    within: Option<IntervalSet>,
    /// Index in the reference of the current record's contig. None at the end of the file.
    head: Option<usize>,
    /// Contig of the current record, and its index if the reference has it.
    contig: (String, Option<usize>),
    /// Whether any record lies on a contig of the reference.
    fits: bool,
    phase_sets: FxHashMap<String, i32>,
    half_deleted: HalfDeleted,
    /// All calls, by index of the contig, if the file was read at once.
    held: Option<Vec<Vec<SampleCall>>>,
}

/// Error: the contigs of a file are in another order than in the reference, so the file must be read at once.
#[derive(Clone, Copy, Debug)]
pub struct OtherOrder;

impl std::fmt::Display for OtherOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "contigs in another order than in the reference")
    }
}

impl std::error::Error for OtherOrder {}

impl<'a> CallReader<'a> {
    /// Opens a VCF (plain, gzip or bgzip) or BCF. `at_once`: read the whole file now, with contigs in any order.
    pub fn open(path: &Path, contigs: &'a Contigs, selection: Selection<'a>, at_once: bool) -> Result<Self> {
        let mut reader = VariantReader::open(path)?;
        let sample = reader
            .choose_sample(selection.sample, selection.sample_flag)?
            .to_owned();
        let mut calls = Self {
            path: path.to_owned(),
            sample,
            filters: Vec::new(),
            left_out: ExcludedCalls::default(),
            reader,
            contigs,
            within: selection.regions.map(with_context),
            selection,
            head: None,
            contig: (String::new(), None),
            fits: false,
            phase_sets: FxHashMap::default(),
            half_deleted: HalfDeleted::default(),
            held: None,
        };
        calls.advance()?;
        if at_once {
            let mut held = vec![Vec::new(); contigs.len()];
            while let Some(rank) = calls.head {
                held[rank].extend(calls.call()?);
                calls.advance()?;
            }
            held.iter_mut().for_each(|calls| sort(calls));
            calls.held = Some(held);
        }
        Ok(calls)
    }

    /// The calls of a contig, sorted independently of the file's order. Ask for contigs by ascending index. Fails,
    /// with the line, if the file is not a sorted VCF with genotypes on contigs of the reference. Fails with
    /// [`OtherOrder`] if the contig is elsewhere in the file.
    pub fn contig(&mut self, rank: usize) -> Result<Vec<SampleCall>> {
        if let Some(held) = &mut self.held {
            return Ok(std::mem::take(&mut held[rank]));
        }
        let mut calls = Vec::new();
        while self.head == Some(rank) {
            calls.extend(self.call()?);
            self.advance()?;
        }
        ensure!(self.head.is_none_or(|head| head > rank), OtherOrder);
        sort(&mut calls);
        Ok(calls)
    }

    /// Goes to the next record on a contig of the reference.
    fn advance(&mut self) -> Result<()> {
        while self.reader.advance()? {
            if self.contig.0 != self.reader.contig() {
                self.enter_contig().with_context(|| self.reader.place())?;
            }
            self.head = self.contig.1;
            if self.head.is_some() {
                self.fits = true;
                return Ok(());
            }
            self.note_without_contig().with_context(|| self.reader.place())?;
        }
        self.head = None;
        if !self.fits && !self.contig.0.is_empty() {
            bail!(
                "{}: contig '{}' is not in the reference, which has {}; use the reference that the VCF was made with",
                self.path.display(),
                self.contig.0,
                self.contigs.preview()
            );
        }
        Ok(())
    }

    /// Looks up the contig of the current record.
    fn enter_contig(&mut self) -> Result<()> {
        let name = self.reader.contig();
        let rank = self.contigs.position(name);
        if let (None, Some(other)) = (rank, self.contigs.likely_name(name)) {
            bail!(
                "contig '{name}' is not in the reference, which has '{other}'; rename with: bcftools annotate --rename-chrs"
            );
        }
        self.contig = (name.to_owned(), rank);
        self.half_deleted = HalfDeleted::default();
        Ok(())
    }

    /// Counts a call on a contig that the reference lacks.
    fn note_without_contig(&mut self) -> Result<()> {
        let is_called = || Ok::<_, anyhow::Error>(is_variant(&self.reader.record()?.genotype()?.0));
        if self.selection.regions.is_none() && is_called()? {
            self.left_out
                .add(CallExclusion::NotInReference, &self.contig.0, self.reader.position());
        }
        Ok(())
    }

    /// The call of the current record. None if it equals the reference or is excluded.
    fn call(&mut self) -> Result<Option<SampleCall>> {
        let position = self.reader.position();
        let within = self.within.as_ref();
        if within.is_some_and(|set| !set.contains(self.reader.contig(), position)) {
            return Ok(None);
        }
        let record = self.reader.record()?;
        let place = || self.reader.place();
        let (genotype, is_phased) = record.genotype().with_context(place)?;
        if !is_variant(&genotype) {
            return Ok(None);
        }
        let regions = self.selection.regions;
        let is_counted = regions.is_none_or(|set| set.contains(self.reader.contig(), position));
        let mut leave_out = |reason| {
            if is_counted {
                self.left_out.add(reason, self.reader.contig(), position);
            }
        };
        if self.selection.filtered == Filtered::Excluded && record.filters().next().is_some() {
            leave_out(CallExclusion::Filtered);
            return Ok(None);
        }
        if genotype.len() > 2 {
            leave_out(CallExclusion::Ploidy);
            return Ok(None);
        }
        ensure!(
            is_sequence(record.reference.as_bytes()),
            "{}: REF '{}' is not a sequence of bases",
            place(),
            record.reference
        );
        let (alternates, genotype) = keep_called(&record, &genotype).with_context(place)?;
        if alternates.iter().any(|allele| !is_sequence(allele) && allele != b"*") {
            leave_out(CallExclusion::Symbolic);
        }
        let is_long = |allele: &[u8]| allele.len() > MAX_ALLELE_LENGTH && is_sequence(allele);
        // Long alleles of the query are split into primitives before the comparison, so only a long gap excludes them.
        let has_long_gap = |allele: &[u8]| allele.len().abs_diff(record.reference.len()) >= MAX_ALLELE_LENGTH;
        let is_long = match self.selection.filtered {
            Filtered::Marked => alternates.iter().any(|a| is_sequence(a) && has_long_gap(a)),
            _ => is_long(record.reference.as_bytes()) || alternates.iter().any(|allele| is_long(allele)),
        };
        if is_long {
            leave_out(CallExclusion::Long);
        }
        let (genotype, is_haploid) = self
            .half_deleted
            .diploid(position, record.reference.len(), &alternates, genotype);
        Ok(Some(SampleCall {
            position,
            reference: record.reference.to_ascii_uppercase().into_bytes(),
            alternates,
            genotype,
            is_haploid,
            phase: is_phased.then(|| phase_set(&mut self.phase_sets, record.value("PS"))),
            filters: match self.selection.filtered {
                Filtered::Marked => filter_ids(&mut self.filters, record.filters()),
                _ => Vec::new(),
            },
            score: CallQualities {
                quality: self.selection.score.value(&record),
                genotype: record.value("GQ").and_then(number),
                tier: record.value("TIER").and_then(|tier| tier.parse().ok()),
                gates: self.judge(&record, position),
            },
        }))
    }

    /// How the gates judge a record.
    fn judge(&self, record: &VariantRecord, position: u64) -> JudgedByGates {
        let Some(gates) = self.selection.gates else {
            return JudgedByGates::default();
        };
        let called: Vec<u8> = record
            .genotype()
            .map_or_else(|_| Vec::new(), |(called, _)| called.into_iter().flatten().collect());
        let alternates = called.iter().filter(|&&allele| allele > 0);
        let alternates = alternates.filter_map(|&allele| record.alternate(allele).ok().map(str::as_bytes));
        let extent = Extent::new(position, record.reference.as_bytes(), alternates);
        let numbers = |key| {
            record
                .value(key)
                .and_then(|text| text.split(',').map(|n| n.parse().ok()).collect())
        };
        let reads: Option<Vec<u32>> = numbers("AD");
        let depth = record.value("DP").and_then(|depth| depth.parse().ok());
        let depth = depth.or_else(|| reads.as_ref().map(|reads| reads.iter().sum()));
        let measures = Measures {
            quality: record.value("GQ").and_then(number).map(f64::from),
            depth: depth.map(f64::from),
            balance: reads.zip(depth).and_then(|(reads, depth)| {
                Measures::balance(called.iter().map(|&allele| usize::from(allele)), &reads, depth)
            }),
        };
        let mut filters = record.filters();
        JudgedByGates {
            marks: gates.mark(|set| extent.is_in(set, self.reader.contig()), &measures),
            is_judged: filters.all(|name| gates.have_filter(name)),
        }
    }
}

/// Parts of a contig that calls delete on one of two haplotypes.
#[derive(Default)]
struct HalfDeleted(Vec<Range<u64>>);

impl HalfDeleted {
    /// The two alleles of a genotype, and whether there is one copy. A haploid genotype has its allele on both haplotypes, so that `1` equals
    /// `1/1`, as in hap.py (on X and Y), vcfeval and aardvark. If an earlier call deletes one haplotype here (as
    /// Strelka2 writes it), the allele lies only on the other. `length` is the length of REF.
    fn diploid(
        &mut self,
        position: u64,
        length: usize,
        alternates: &[Vec<u8>],
        mut genotype: Vec<CalledAllele>,
    ) -> (Vec<CalledAllele>, bool) {
        self.0.retain(|deleted| deleted.end > position);
        if let [allele] = genotype[..] {
            let one_is_left = self.0.iter().any(|deleted| deleted.contains(&position));
            genotype.insert(0, if one_is_left { Some(0) } else { allele });
            return (genotype, !one_is_left);
        }
        let kept = |allele: CalledAllele| match allele.map(usize::from) {
            None | Some(0) => length,
            Some(index) => match &alternates[index - 1] {
                bases if is_sequence(bases) => bases.len().min(length),
                _ => length,
            },
        };
        if let [a, b] = genotype[..] {
            let (short, long) = (kept(a).min(kept(b)), kept(a).max(kept(b)));
            if short < long {
                self.0.push(position + short as u64..position + long as u64);
            }
        }
        (genotype, false)
    }
}

/// Sorts calls by everything that is compared, because the file order within a position has no meaning.
fn sort(calls: &mut [SampleCall]) {
    calls.sort_by(|a, b| (a.position, a.end(), a).cmp(&(b.position, b.end(), b)));
}

fn is_variant(genotype: &[CalledAllele]) -> bool {
    genotype.iter().any(|allele| allele.is_some_and(|a| a > 0))
}

/// The number of a phase set. Named sets get negative numbers; 0 is the set without number or name.
fn phase_set(names: &mut FxHashMap<String, i32>, text: Option<&str>) -> i32 {
    let Some(text) = text else { return 0 };
    if let Some(number) = text.parse().ok().filter(|number| *number >= 0) {
        return number;
    }
    let next = -1 - names.len() as i32;
    match names.entry(text.to_owned()) {
        Entry::Occupied(entry) => *entry.get(),
        Entry::Vacant(entry) => *entry.insert(next),
    }
}

/// Indices of filters in the list of known names, ascending. Adds new names.
fn filter_ids<'a>(known: &mut Vec<String>, names: impl Iterator<Item = &'a str>) -> Vec<u16> {
    let mut ids: Vec<u16> = names
        .map(|name| {
            let rank = known.iter().position(|n| n == name);
            rank.unwrap_or_else(|| {
                known.push(name.to_owned());
                known.len() - 1
            }) as u16
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The called alternates, and the genotype renumbered to these.
fn keep_called(record: &VariantRecord, genotype: &[CalledAllele]) -> Result<(Vec<Vec<u8>>, Vec<CalledAllele>)> {
    let mut called: Vec<u8> = genotype.iter().flatten().copied().filter(|&a| a > 0).collect();
    called.sort_unstable();
    called.dedup();
    let alternates = called
        .iter()
        .map(|&a| Ok(record.alternate(a)?.to_ascii_uppercase().into_bytes()))
        .collect::<Result<_>>()?;
    let renumber = |a: u8| called.iter().position(|&c| c == a).map_or(0, |i| i as u8 + 1);
    Ok((alternates, genotype.iter().map(|a| a.map(renumber)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_phase_sets_differ_from_each_other_and_from_numbered_ones() {
        let mut known = FxHashMap::default();
        let mut set = |text| phase_set(&mut known, text);
        let [none, one, name, other] = [None, Some("1"), Some("PATMAT"), Some("a")].map(&mut set);
        assert_eq!((none, one), (0, 1));
        assert!(name < 0 && other < 0 && name != other);
        assert_eq!(set(Some("PATMAT")), name);
        assert_ne!(set(Some("-1")), name);
        assert_ne!(set(Some("99999999999")), 0);
    }
}
