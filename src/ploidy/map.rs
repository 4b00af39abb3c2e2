//! The ploidy of each position.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::chromosomes::{SexChromosomes, is_mitochondrial, named};
use super::options::{Copies, PloidyOptions, SexOption};
use super::sex::{Sex, SexReport};
use crate::genome::{Contig, Contigs, IntervalSet, Reference, Region};
use crate::library::ReadDensity;
use crate::reads::ReadSource;
use crate::variants::Ploidy;

/// Number of tiles (16 kb) of X and of Y on which reads are counted.
const SEX_TILES: usize = 16;
/// Number of tiles of the autosomes, if the sample of the library does not show them.
const AUTOSOME_TILES: usize = 32;

/// How many copies the sample has of each position.
#[derive(Clone, Debug, Default)]
pub struct PloidyMap {
    /// The ploidy of positions outside the two sets.
    usual: Ploidy,
    haploid: IntervalSet,
    absent: IntervalSet,
    /// None: sex does not matter.
    pub sex: Option<SexReport>,
    /// X and Y, if they are diploid only because the sex is unknown.
    undecided: Vec<String>,
}

impl PloidyMap {
    /// Fails if options name contigs that the reference lacks, or sex chromosomes whose pseudoautosomal regions are not
    /// known. Measures the sex if it is not given. `density` is that of the library's sample, and `sampled` the regions
    /// that it was drawn from; none if that was the whole file. Such a run does not measure the sex without need.
    pub fn new(
        options: &PloidyOptions,
        reference: &Reference,
        reads: &ReadSource,
        density: &ReadDensity,
        sampled: Option<&IntervalSet>,
    ) -> Result<Self> {
        Self::of_contigs(options, reference.contigs(), |chromosomes| match sampled {
            Some(regions) if !regions.contigs().any(|contig| chromosomes.contain(contig)) => {
                Ok(SexReport::unknown("not measured, because no region lies on X or Y"))
            }
            Some(_) => {
                let is_autosome = |contig: &str| chromosomes.is_autosome_of(reads.contigs(), contig);
                let autosomes = ReadDensity::measure(reads, reference, is_autosome, AUTOSOME_TILES)?;
                measure_sex(chromosomes, reference, reads, &autosomes)
            }
            None => measure_sex(chromosomes, reference, reads, density),
        })
    }

    /// Like [`new`](Self::new); `measure` measures the sex.
    fn of_contigs(
        options: &PloidyOptions,
        contigs: &Contigs,
        measure: impl Fn(&SexChromosomes) -> Result<SexReport>,
    ) -> Result<Self> {
        check(options, contigs)?;
        if options.copies == Copies::One {
            return Ok(Self {
                usual: Ploidy::Haploid,
                ..Self::default()
            });
        }
        let bed = options.par_regions.as_deref();
        let bed = bed.map(|bed| read_regions(bed, contigs)).transpose()?;
        let chromosomes = SexChromosomes::find(contigs, bed.as_ref());
        let sex = match options.sex {
            SexOption::Male => Some(SexReport::given(Sex::Male)),
            SexOption::Female => Some(SexReport::given(Sex::Female)),
            SexOption::Auto if chromosomes.is_empty() => None,
            SexOption::Auto => Some(measure(&chromosomes)?),
        };
        check_known(options, contigs, &chromosomes)?;
        let is_named = |contig: &&Contig| options.haploid_contigs.contains(&contig.name);
        let is_chromosome = |name: &Option<String>, contig: &Contig| name.as_ref() == Some(&contig.name);
        let (mut haploid, mut absent, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
        for contig in contigs.iter() {
            let whole = Region::new(&contig.name, 0, contig.length);
            let (is_x, is_y) = (
                is_chromosome(&chromosomes.x, contig),
                is_chromosome(&chromosomes.y, contig),
            );
            match sex.as_ref().and_then(|report| report.sex) {
                _ if is_mitochondrial(contig) || is_named(&contig) => haploid.push(whole),
                Some(Sex::Male) if is_x || is_y => haploid.push(whole),
                Some(Sex::Female) if is_y => absent.push(whole),
                None if is_x || is_y => undecided.push(contig.name.clone()),
                _ => {}
            }
        }
        Ok(Self {
            usual: Ploidy::Diploid,
            haploid: IntervalSet::from_regions(haploid).without(&chromosomes.pseudoautosomal),
            absent: IntervalSet::from_regions(absent),
            sex,
            undecided,
        })
    }

    /// Warns if a called contig is diploid only because the sex is unknown.
    pub fn warn_of_unknown_sex(&self, called: &IntervalSet) {
        let contigs: Vec<_> = called
            .contigs()
            .filter(|contig| self.undecided.iter().any(|x| x == contig))
            .collect();
        if let (Some(sex), false) = (&self.sex, contigs.is_empty()) {
            log::warn!(
                "sex {sex}: {} called as diploid; --sex says which it is",
                contigs.join(" and ")
            );
        }
    }

    /// The ploidy at a 0-based position.
    pub fn at(&self, contig: &str, position: u64) -> Ploidy {
        if self.absent.contains(contig, position) {
            Ploidy::Absent
        } else if self.haploid.contains(contig, position) {
            Ploidy::Haploid
        } else {
            self.usual
        }
    }

    /// Divides a region at the boundaries of ploidy.
    pub fn pieces(&self, region: &Region) -> Vec<(Range<u64>, Ploidy)> {
        let sets = [&self.haploid, &self.absent].into_iter();
        let bounds = sets
            .flat_map(|set| set.on(&region.contig))
            .flat_map(|&(start, end)| [start, end]);
        let inside = bounds.filter(|&bound| region.start < bound && bound < region.end);
        let mut cuts: Vec<u64> = inside.chain([region.start, region.end]).collect();
        cuts.sort_unstable();
        let pieces = cuts
            .windows(2)
            .map(|cut| (cut[0]..cut[1], self.at(&region.contig, cut[0])));
        pieces.collect()
    }
}

fn read_regions(bed: &Path, contigs: &Contigs) -> Result<IntervalSet> {
    let regions = IntervalSet::from_bed(bed)?;
    let within = regions.check_within(contigs);
    within.with_context(|| format!("--par-regions {}", bed.display()))?;
    Ok(regions)
}

fn measure_sex(
    chromosomes: &SexChromosomes,
    reference: &Reference,
    reads: &ReadSource,
    density: &ReadDensity,
) -> Result<SexReport> {
    let contigs = reads.contigs();
    let autosomes = density.over(|contig, _| chromosomes.is_autosome_of(contigs, contig));
    let over = |chromosome: &Option<String>| {
        let chromosome = chromosome.as_ref().filter(|name| contigs.get(name).is_some());
        let measure = |name: &String| ReadDensity::measure(reads, reference, |contig| contig == name, SEX_TILES);
        let density = chromosome.map(measure).transpose()?;
        let outside = |contig: &str, position| !chromosomes.pseudoautosomal.contains(contig, position);
        Ok::<_, anyhow::Error>(density.map(|density| density.over(outside)))
    };
    let x = over(&chromosomes.x)?.unwrap_or_default();
    Ok(SexReport::measured(autosomes, x, over(&chromosomes.y)?))
}

fn check(options: &PloidyOptions, contigs: &Contigs) -> Result<()> {
    let has_exceptions =
        options.sex != SexOption::Auto || !options.haploid_contigs.is_empty() || options.par_regions.is_some();
    if options.copies == Copies::One && has_exceptions {
        bail!("--ploidy 1 makes every contig haploid; leave out --sex, --haploid-contigs and --par-regions");
    }
    let unknown = options.haploid_contigs.iter().find(|name| contigs.get(name).is_none());
    if let Some(name) = unknown {
        let hint = contigs.likely_name(name);
        let hint = hint.map_or(String::new(), |other| format!("; did you mean '{other}'?"));
        bail!(
            "--haploid-contigs: contig '{name}' is not in the reference, which has {}{hint}",
            contigs.preview()
        );
    }
    Ok(())
}

/// Fails if the sex is given, but X or Y has a length of no known human genome.
fn check_known(options: &PloidyOptions, contigs: &Contigs, chromosomes: &SexChromosomes) -> Result<()> {
    if options.sex == SexOption::Auto {
        return Ok(());
    }
    for (name, found) in [("X", &chromosomes.x), ("Y", &chromosomes.y)] {
        let other =
            named(contigs, name).filter(|contig| found.is_none() && !options.haploid_contigs.contains(&contig.name));
        if let Some(contig) = other {
            bail!(
                "--sex: {} has {} bases, unlike {name} of GRCh37, GRCh38 and T2T-CHM13, so its pseudoautosomal regions \
                 are not known; give them with --par-regions",
                contig.name,
                contig.length
            );
        }
    }
    Ok(())
}

/// Sex, and contigs that are not diploid.
impl fmt::Display for PloidyMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.usual == Ploidy::Haploid {
            return write!(f, "haploid");
        }
        if let Some(sex) = &self.sex {
            write!(f, "sex {sex}; ")?;
        }
        for (kind, set) in [("haploid", &self.haploid), ("absent", &self.absent)] {
            if !set.is_empty() {
                write!(f, "{kind}: {}; ", set.contigs().collect::<Vec<_>>().join(", "))?;
            }
        }
        let rest = if self.haploid.is_empty() && self.absent.is_empty() {
            ""
        } else {
            "otherwise "
        };
        write!(f, "{rest}diploid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn contigs(list: &[(&str, u64)]) -> Contigs {
        let contig = |&(name, length): &(&str, u64)| Contig {
            name: name.into(),
            length,
        };
        list.iter().map(contig).collect()
    }

    fn human() -> Contigs {
        contigs(&[
            ("1", 249_250_621),
            ("X", 155_270_560),
            ("Y", 59_373_566),
            ("MT", 16_569),
        ])
    }

    fn map(options: &PloidyOptions, contigs: &Contigs) -> Result<PloidyMap> {
        PloidyMap::of_contigs(options, contigs, |_| Ok(SexReport::unknown("too few reads")))
    }

    fn of_sex(sex: SexOption) -> PloidyMap {
        let options = PloidyOptions {
            sex,
            ..PloidyOptions::default()
        };
        map(&options, &human()).unwrap()
    }

    const IN_X: (&str, u64) = ("X", 50_000_000);
    const IN_Y: (&str, u64) = ("Y", 9_000_000);
    const IN_MT: (&str, u64) = ("MT", 0);

    #[test]
    fn sex_decides_the_ploidy_of_x_and_y() {
        use Ploidy::{Absent, Diploid, Haploid};
        let places = [("1", 0), IN_X, ("X", 100_000), IN_Y, ("Y", 20_000), IN_MT];
        let ploidies = |sex| {
            let map = of_sex(sex);
            places.map(|(contig, position)| map.at(contig, position))
        };
        assert_eq!(
            ploidies(SexOption::Male),
            [Diploid, Haploid, Diploid, Haploid, Diploid, Haploid]
        );
        assert_eq!(
            ploidies(SexOption::Female),
            [Diploid, Diploid, Diploid, Absent, Absent, Haploid]
        );
        let unknown = [Diploid, Diploid, Diploid, Diploid, Diploid, Haploid];
        assert_eq!(ploidies(SexOption::Auto), unknown);
        assert_eq!(
            of_sex(SexOption::Female).to_string(),
            "sex female (given); haploid: MT; absent: Y; otherwise diploid"
        );
        assert_eq!(
            of_sex(SexOption::Auto).to_string(),
            "sex unknown (too few reads); haploid: MT; otherwise diploid"
        );
    }

    #[test]
    fn regions_are_divided_at_boundaries() {
        let pieces = |sex, start, end| of_sex(sex).pieces(&Region::new("X", start, end));
        let boundary = 2_699_520;
        assert_eq!(
            pieces(SexOption::Male, boundary - 5, boundary + 5),
            [
                (boundary - 5..boundary, Ploidy::Diploid),
                (boundary..boundary + 5, Ploidy::Haploid)
            ]
        );
        assert_eq!(
            pieces(SexOption::Male, boundary, boundary + 5),
            [(boundary..boundary + 5, Ploidy::Haploid)]
        );
        assert_eq!(pieces(SexOption::Female, 0, 9), [(0..9, Ploidy::Diploid)]);
    }

    #[test]
    fn other_genomes_have_options() {
        let mouse = contigs(&[("chr1", 195_471_971), ("chrX", 171_031_299), ("chrY", 91_744_698)]);
        assert_eq!(map(&PloidyOptions::default(), &mouse).unwrap().to_string(), "diploid");
        let bacterium = PloidyOptions {
            copies: Copies::One,
            ..PloidyOptions::default()
        };
        let bacterium = map(&bacterium, &contigs(&[("c", 9)])).unwrap();
        assert_eq!(
            (bacterium.at("c", 3), bacterium.to_string()),
            (Ploidy::Haploid, "haploid".into())
        );
        assert_eq!(bacterium.pieces(&Region::new("c", 0, 9)), [(0..9, Ploidy::Haploid)]);
        let mut bed = tempfile::NamedTempFile::new().unwrap();
        writeln!(bed, "chrX\t169969758\t170931299").unwrap();
        let mut options = PloidyOptions {
            haploid_contigs: vec!["chrX".into()],
            par_regions: Some(bed.path().into()),
            ..PloidyOptions::default()
        };
        let named = map(&options, &mouse).unwrap();
        assert_eq!(named.at("chrX", 0), Ploidy::Haploid);
        assert_eq!(named.at("chrX", 170_000_000), Ploidy::Diploid);
        assert_eq!(named.at("chrY", 0), Ploidy::Diploid);
        // With the regions, X and Y are known by name.
        (options.haploid_contigs, options.sex) = (Vec::new(), SexOption::Female);
        let female = map(&options, &mouse).unwrap();
        assert_eq!(
            (female.at("chrX", 0), female.at("chrY", 0)),
            (Ploidy::Diploid, Ploidy::Absent)
        );
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        let error = |options, contigs: &Contigs| format!("{:#}", map(&options, contigs).unwrap_err());
        let male = PloidyOptions {
            sex: SexOption::Male,
            ..PloidyOptions::default()
        };
        let unknown = error(male.clone(), &contigs(&[("chrX", 171_031_299)]));
        assert!(unknown.contains("--par-regions"), "{unknown}");
        assert!(
            map(&male, &contigs(&[("chr1", 9)])).is_ok(),
            "a reference without X and Y"
        );
        let both = PloidyOptions {
            copies: Copies::One,
            ..male
        };
        assert!(error(both, &human()).contains("--ploidy 1"));
        let absent = PloidyOptions {
            haploid_contigs: vec!["chrX".into()],
            ..PloidyOptions::default()
        };
        assert!(error(absent, &human()).ends_with("did you mean 'X'?"));
    }
}
