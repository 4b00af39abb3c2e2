//! Reading the calls of one sample from a VCF, with every line checked.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::bgzf;
use rustc_hash::FxHashSet;

use super::call::{Call, CalledAllele, Score};
use crate::genome::{Contigs, IntervalSet, VariantIndex, check_whole};

/// The calls of one sample that differ from the reference, by contig and position.
#[derive(Clone, Debug)]
pub struct CallSet {
    pub path: PathBuf,
    pub sample: String,
    /// Names of the filters that calls refer to.
    pub filters: Vec<String>,
    /// By rank of the contig in the reference; sorted, in an order that does not depend on that of the file.
    pub calls: Vec<Vec<Call>>,
    /// Records whose genotype has more than two alleles: they cannot be compared and are left out.
    pub polyploid: usize,
}

/// What to read of a VCF.
pub struct Selection<'a> {
    /// Needed where the file has several samples.
    pub sample: Option<&'a str>,
    /// The flag that names a sample, for messages.
    pub sample_flag: &'a str,
    /// Calls outside are not kept.
    pub within: Option<&'a IntervalSet>,
    /// Leave out what failed a filter, as is done with truth.
    pub pass_only: bool,
}

impl CallSet {
    /// Reads a VCF (plain, gzip or bgzip). Fails, with the line, on whatever is not a sorted VCF with genotypes on
    /// contigs of the reference, and if the index of a bgzipped one is missing or of another file.
    pub fn read(path: &Path, contigs: &Contigs, selection: &Selection) -> Result<Self> {
        check_whole(path)?;
        ensure!(
            path.extension().is_none_or(|e| e != "bcf"),
            "{} is a BCF; convert it with: bcftools view -Oz",
            path.display()
        );
        let index = VariantIndex::open(path)?;
        let reader = bgzf::Reader::from_path(path).with_context(|| format!("cannot open VCF {}", path.display()))?;
        let mut parser = Parser::new(path, contigs, selection, index);
        for (index, line) in BufReader::with_capacity(1 << 16, reader).split(b'\n').enumerate() {
            let number = index + 1;
            let line = line.with_context(|| {
                format!(
                    "{} is damaged after line {index}: its compressed data cannot be read; copy or make it again",
                    path.display()
                )
            })?;
            let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(&line))
                .with_context(|| format!("{}, line {number}: not text; is this a VCF?", path.display()))?;
            parser
                .line(line)
                .with_context(|| format!("{}, line {number}", path.display()))?;
        }
        parser.finish()
    }
}

struct Parser<'a> {
    contigs: &'a Contigs,
    selection: &'a Selection<'a>,
    index: Option<VariantIndex>,
    set: CallSet,
    /// Column of the sample, known after the header.
    column: Option<usize>,
    contig: Option<(String, usize)>,
    last_position: u64,
    seen: FxHashSet<String>,
}

impl<'a> Parser<'a> {
    fn new(path: &Path, contigs: &'a Contigs, selection: &'a Selection, index: Option<VariantIndex>) -> Self {
        Self {
            contigs,
            selection,
            index,
            set: CallSet {
                path: path.to_owned(),
                sample: String::new(),
                filters: Vec::new(),
                calls: vec![Vec::new(); contigs.len()],
                polyploid: 0,
            },
            column: None,
            contig: None,
            last_position: 0,
            seen: FxHashSet::default(),
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if line.starts_with("##") || line.is_empty() {
            return Ok(());
        }
        if let Some(header) = line.strip_prefix("#CHROM") {
            return self.header(header);
        }
        let Some(column) = self.column else {
            bail!("a VCF has a line that begins with #CHROM before its first record");
        };
        let fields: Vec<&str> = line.split('\t').collect();
        ensure!(
            fields.len() > column,
            "expected {} columns, found {}; is the file cut off here?",
            column + 1,
            fields.len()
        );
        let position: u64 = fields[1]
            .parse()
            .with_context(|| format!("'{}' is not a position", fields[1]))?;
        ensure!(position > 0, "position 0 is before the contig's first base");
        let rank = self.place(fields[0], position - 1)?;
        let kept = |within: &IntervalSet| within.contains(fields[0], position - 1);
        if self.selection.within.is_none_or(kept) {
            self.record(&fields, column, rank, position - 1)?;
        }
        Ok(())
    }

    fn header(&mut self, columns: &str) -> Result<()> {
        let samples: Vec<&str> = columns.split('\t').skip(9).collect();
        let flag = self.selection.sample_flag;
        let index = match (self.selection.sample, &samples[..]) {
            (_, []) => bail!("the VCF has no sample, hence no genotypes to compare"),
            (None, [_]) => 0,
            (None, many) => bail!(
                "the VCF has {} samples ({}); name one with {flag}",
                many.len(),
                many.join(", ")
            ),
            (Some(name), many) => many
                .iter()
                .position(|s| *s == name)
                .with_context(|| format!("no sample '{name}' ({flag}) in the VCF, which has {}", many.join(", ")))?,
        };
        self.set.sample = samples[index].to_owned();
        self.column = Some(9 + index);
        Ok(())
    }

    /// Checks the order of records and the contig; returns the contig's rank.
    fn place(&mut self, name: &str, position: u64) -> Result<usize> {
        if let Some((contig, rank)) = &self.contig
            && contig == name
        {
            ensure!(
                position >= self.last_position,
                "not sorted: {name}:{} comes after {name}:{}; sort it with: bcftools sort",
                position + 1,
                self.last_position + 1
            );
            self.last_position = position;
            return Ok(*rank);
        }
        ensure!(
            self.seen.insert(name.to_owned()),
            "not sorted: contig '{name}' appears in two places; sort it with: bcftools sort"
        );
        let Some(rank) = self.contigs.position(name) else {
            match self.contigs.likely_name(name) {
                Some(other) => bail!(
                    "contig '{name}' is not in the reference, which has '{other}'; rename with: bcftools annotate --rename-chrs"
                ),
                None => bail!(
                    "contig '{name}' is not in the reference, which has {}; is it the right reference?",
                    self.contigs.preview()
                ),
            }
        };
        if let Some(index) = &self.index {
            index.check_contig(name)?;
        }
        self.contig = Some((name.to_owned(), rank));
        self.last_position = position;
        Ok(rank)
    }

    fn record(&mut self, fields: &[&str], column: usize, rank: usize, position: u64) -> Result<()> {
        let key = |name: &str| fields[8].split(':').position(|k| k == name);
        let Some(gt) = key("GT") else {
            bail!("the record has no GT field, hence no genotype to compare");
        };
        let values: Vec<&str> = fields[column].split(':').collect();
        let value = |index: Option<usize>| index.and_then(|i| values.get(i)).copied().filter(|v| *v != ".");
        let (genotype, phased) = parse_genotype(value(Some(gt)).unwrap_or("."))?;
        let filters = self.filters(fields[6]);
        if !genotype.iter().any(|a| a.is_some_and(|a| a > 0)) || (self.selection.pass_only && !filters.is_empty()) {
            return Ok(());
        }
        if genotype.len() > 2 {
            self.set.polyploid += 1;
            return Ok(());
        }
        ensure!(
            super::call::is_sequence(fields[3].as_bytes()),
            "REF '{}' is not a sequence of bases",
            fields[3]
        );
        let (alternates, genotype) = keep_called(fields[4], &genotype)?;
        let phase = phased.then(|| value(key("PS")).and_then(|v| v.parse().ok()).unwrap_or(0));
        self.set.calls[rank].push(Call {
            position,
            reference: fields[3].to_ascii_uppercase().into_bytes(),
            alternates,
            genotype,
            phase,
            filters,
            score: Score {
                quality: fields[5].parse().ok(),
                genotype: value(key("GQ")).and_then(|v| v.parse().ok()),
            },
        });
        Ok(())
    }

    fn filters(&mut self, field: &str) -> Vec<u16> {
        if field == "PASS" || field == "." {
            return Vec::new();
        }
        let names = &mut self.set.filters;
        let mut ids: Vec<u16> = field
            .split(';')
            .map(|name| {
                let known = names.iter().position(|n| n == name);
                known.unwrap_or_else(|| {
                    names.push(name.to_owned());
                    names.len() - 1
                }) as u16
            })
            .collect();
        ids.sort_unstable();
        ids
    }

    fn finish(mut self) -> Result<CallSet> {
        if self.column.is_none() {
            bail!(
                "{} is not a VCF: it has no line that begins with #CHROM",
                self.set.path.display()
            );
        }
        // A stable sort by everything that is compared: the order within a position says nothing.
        self.set.calls.iter_mut().for_each(|calls| {
            calls.sort_by(|a, b| (a.position, a.end(), a).cmp(&(b.position, b.end(), b)));
        });
        Ok(self.set)
    }
}

/// Reads `0/1`, `1|1`, `./1`, `1`: the alleles, and whether they are phased.
fn parse_genotype(text: &str) -> Result<(Vec<CalledAllele>, bool)> {
    let alleles = text
        .split(['/', '|'])
        .map(|allele| match allele {
            "." => Ok(None),
            number => number
                .parse()
                .map(Some)
                .with_context(|| format!("'{text}' is not a genotype")),
        })
        .collect::<Result<_>>()?;
    Ok((alleles, text.contains('|')))
}

/// The alternates that a genotype names, and the genotype in their numbers.
fn keep_called(field: &str, genotype: &[CalledAllele]) -> Result<(Vec<Vec<u8>>, Vec<CalledAllele>)> {
    let all: Vec<&str> = field.split(',').collect();
    let mut called: Vec<u8> = genotype.iter().flatten().copied().filter(|&a| a > 0).collect();
    called.sort_unstable();
    called.dedup();
    let alternates = called
        .iter()
        .map(|&a| {
            all.get(usize::from(a) - 1)
                .map(|text| text.to_ascii_uppercase().into_bytes())
                .with_context(|| format!("the genotype names allele {a}, but ALT '{field}' has {}", all.len()))
        })
        .collect::<Result<_>>()?;
    let renumber = |a: u8| called.iter().position(|&c| c == a).map_or(0, |i| i as u8 + 1);
    Ok((alternates, genotype.iter().map(|a| a.map(renumber)).collect()))
}
