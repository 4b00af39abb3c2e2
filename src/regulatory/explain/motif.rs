//! The motifs of the first filters: what the filters see in positives, and which known motifs are among them.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use tch::Device;

use crate::model::Random;
use crate::regulatory::bases::{UNKNOWN, letter, reverse_complement};
use crate::regulatory::network::{Network, one_hot};

/// A site counts if the filter is at least this fraction as active as at its best site.
const ACTIVE: f32 = 0.5;
/// A motif of fewer sites tells little.
const LEAST_SITES: usize = 10;
/// Sequences that are evaluated together.
const GROUP: usize = 128;
/// Added to each base of a site, so that no probability is 0.
const PSEUDOCOUNT: f64 = 0.25;
/// Known motifs are compared with this many random orders of their letters.
const SHUFFLES: usize = 1000;

/// Probabilities of A, C, G and T at each position, from the sites of a filter.
#[derive(Clone, Debug)]
pub struct Motif {
    pub name: String,
    pub sites: usize,
    pub columns: Vec<[f64; 4]>,
}

/// A known motif among the filters.
#[derive(Clone, Debug)]
pub struct KnownMotif {
    pub motif: String,
    /// The filter that fits best, its letters there, and how well they fit: bits per position.
    pub filter: String,
    pub seen: String,
    pub bits: f64,
    /// The fraction of random orders of the motif's letters that fit a filter as well.
    pub p: f64,
}

/// The motifs of the first convolutions' filters in sequences of one length, on either strand.
pub fn first_motifs(network: &Network, sequences: &[&[u8]]) -> Result<Vec<Motif>> {
    let _no_grad = tch::no_grad_guard();
    let strands: Vec<Vec<u8>> = sequences
        .iter()
        .flat_map(|codes| [codes.to_vec(), reverse_complement(codes)])
        .collect();
    let layers = network.shape().first();
    let widths: Vec<usize> = layers
        .iter()
        .flat_map(|(_, width)| std::iter::repeat_n(*width, network.shape().filters))
        .collect();
    // For each filter and sequence, the best of both strands: its activity, strand and position.
    let mut best: Vec<Vec<(f32, usize, usize)>> = vec![Vec::new(); widths.len()];
    for (rank, group) in strands.chunks(2 * GROUP).enumerate() {
        let codes: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();
        let (values, places) = network.first(&one_hot(&codes, Device::Cpu)?)?.f_max_dim(2, false)?;
        let values: Vec<f32> = Vec::try_from(&values.f_contiguous()?.f_view([-1i64])?)?;
        let places: Vec<i64> = Vec::try_from(&places.f_contiguous()?.f_view([-1i64])?)?;
        for pair in 0..group.len() / 2 {
            for (filter, best) in best.iter_mut().enumerate() {
                let of_strand = |strand: usize| {
                    let index = (2 * pair + strand) * widths.len() + filter;
                    (
                        values[index],
                        2 * (rank * GROUP + pair) + strand,
                        places[index] as usize,
                    )
                };
                let (a, b) = (of_strand(0), of_strand(1));
                best.push(if b.0 > a.0 { b } else { a });
            }
        }
    }
    let mut motifs = Vec::new();
    for (filter, (sites, &width)) in best.iter().zip(&widths).enumerate() {
        let most = sites.iter().map(|site| site.0).fold(0.0, f32::max);
        let active: Vec<_> = sites
            .iter()
            .filter(|site| site.0 > 0.0 && site.0 >= ACTIVE * most)
            .collect();
        if active.len() >= LEAST_SITES {
            let windows = active
                .iter()
                .map(|&&(_, strand, place)| (strands[strand].as_slice(), place));
            motifs.push(motif(format!("filter{}", filter + 1), windows, active.len(), width));
        }
    }
    Ok(motifs)
}

/// The motif of windows of `width` bases around places.
fn motif<'a>(name: String, windows: impl Iterator<Item = (&'a [u8], usize)>, sites: usize, width: usize) -> Motif {
    let mut counts = vec![[PSEUDOCOUNT; 4]; width];
    for (codes, place) in windows {
        for (offset, counts) in counts.iter_mut().enumerate() {
            let code = (place + offset)
                .checked_sub(width / 2)
                .and_then(|index| codes.get(index));
            if let Some(&code) = code.filter(|code| **code < UNKNOWN) {
                counts[usize::from(code)] += 1.0;
            }
        }
    }
    let columns = counts
        .into_iter()
        .map(|counts| counts.map(|count| count / counts.iter().sum::<f64>()));
    Motif {
        name,
        sites,
        columns: columns.collect(),
    }
}

/// Motifs in the MEME format, version 4.
pub fn meme(motifs: &[Motif]) -> String {
    let mut text = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"
        .to_owned();
    for motif in motifs {
        // A string takes all that is written.
        _ = write!(
            text,
            "\nMOTIF {}\nletter-probability matrix: alength= 4 w= {} nsites= {} E= 0\n",
            motif.name,
            motif.columns.len(),
            motif.sites
        );
        for column in &motif.columns {
            _ = writeln!(text, "{}", column.map(|p| format!("{p:.6}")).join(" "));
        }
    }
    text
}

/// The bases that an IUPAC letter stands for.
fn bases(letter: char) -> Option<&'static [usize]> {
    Some(match letter.to_ascii_uppercase() {
        'A' => &[0],
        'C' => &[1],
        'G' => &[2],
        'T' | 'U' => &[3],
        'R' => &[0, 2],
        'Y' => &[1, 3],
        'S' => &[1, 2],
        'W' => &[0, 3],
        'K' => &[2, 3],
        'M' => &[0, 1],
        'B' => &[1, 2, 3],
        'D' => &[0, 2, 3],
        'H' => &[0, 1, 3],
        'V' => &[0, 1, 2],
        'N' => &[0, 1, 2, 3],
        _ => return None,
    })
}

/// The filter that holds a known motif best, on either strand.
pub fn find_known(motifs: &[Motif], known: &str) -> Result<KnownMotif> {
    let sets: Vec<&[usize]> = known
        .chars()
        .map(|letter| bases(letter).with_context(|| format!("--motifs {known}: '{letter}' is not an IUPAC letter")))
        .collect::<Result<_>>()?;
    ensure!(sets.len() >= 4, "--motifs {known}: a motif needs 4 letters or more");
    let (bits, filter, start, turned) = best_fit(motifs, &sets).with_context(|| {
        format!("--motifs {known}: no filter has {LEAST_SITES} sites and as many positions as the motif has letters")
    })?;
    let mut random = Random::new(&[11]);
    let mut shuffled = sets.clone();
    let as_good = (0..SHUFFLES).filter(|_| {
        random.shuffle(&mut shuffled);
        best_fit(motifs, &shuffled).is_some_and(|(other, ..)| other >= bits - 1e-9)
    });
    let p = (1 + as_good.count()) as f64 / (1 + SHUFFLES) as f64;
    let columns = turned_columns(&motifs[filter], turned);
    let seen = columns[start..start + sets.len()].iter().map(|column| {
        let best = (0..4).max_by(|&a, &b| column[a].total_cmp(&column[b])).unwrap_or(0);
        let code = letter(best as u8);
        if column[best] >= 0.5 {
            code
        } else {
            code.to_ascii_lowercase()
        }
    });
    Ok(KnownMotif {
        motif: known.to_owned(),
        filter: motifs[filter].name.clone(),
        seen: seen.collect(),
        bits,
        p,
    })
}

fn turned_columns(motif: &Motif, turned: bool) -> Vec<[f64; 4]> {
    if !turned {
        return motif.columns.clone();
    }
    motif.columns.iter().rev().map(|&[a, c, g, t]| [t, g, c, a]).collect()
}

/// The best fit of sets of bases: bits per position, filter, first position and strand.
fn best_fit(motifs: &[Motif], sets: &[&[usize]]) -> Option<(f64, usize, usize, bool)> {
    let mut best: Option<(f64, usize, usize, bool)> = None;
    for (filter, motif) in motifs.iter().enumerate() {
        for turned in [false, true] {
            let columns = turned_columns(motif, turned);
            for (start, window) in columns.windows(sets.len()).enumerate() {
                let fit = |(column, set): (&[f64; 4], &&[usize])| {
                    let seen: f64 = set.iter().map(|&base| column[base]).sum();
                    (seen / (set.len() as f64 / 4.0)).log2()
                };
                let bits = window.iter().zip(sets).map(fit).sum::<f64>() / sets.len() as f64;
                if best.is_none_or(|(before, ..)| bits > before) {
                    best = Some((bits, filter, start, turned));
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regulatory::bases::encode;

    #[test]
    fn a_known_motif_is_found_on_either_strand() {
        let text = encode(b"AAGGTCACGTGACCTT");
        let sites = [text.as_slice(); 20].into_iter().map(|codes| (codes, 8));
        let motif = motif("filter1".into(), sites, 20, 11);
        assert_eq!(motif.columns.len(), 11);
        let known = |letters: &str| find_known(std::slice::from_ref(&motif), letters).unwrap();
        let found = known("CACGTG");
        assert_eq!(found.seen, "CACGTG");
        // Five of the 180 orders of its letters are in the sequence.
        assert!(found.bits > 1.8 && found.p < 0.05, "{found:?}");
        assert_eq!(known("YACGTR").seen, "CACGTG");
        let missing = known("GGAATG");
        assert!(missing.bits < 0.0 && missing.p > 0.05, "{missing:?}");
        assert!(find_known(std::slice::from_ref(&motif), "CA!G").is_err());
        assert!(
            meme(&[motif]).contains("MOTIF filter1\nletter-probability matrix: alength= 4 w= 11 nsites= 20 E= 0\n")
        );
    }
}
