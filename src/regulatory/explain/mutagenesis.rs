//! In-silico mutagenesis: each base of a region is changed to each other base, and the change of the score is noted.

use std::fmt::Write;

use anyhow::Result;

use crate::genome::Region;
use crate::regulatory::bases::{UNKNOWN, letter};
use crate::regulatory::effects::haplotype_window;
use crate::regulatory::examples::WindowReader;
use crate::regulatory::training::Workers;

/// The effects of all changes of a region, for one task.
pub struct Mutagenesis {
    pub region: Region,
    pub task: String,
    pub codes: Vec<u8>,
    /// For each position, the change of the score with A, C, G and T. 0 for the base of the reference.
    pub effects: Vec<[f32; 4]>,
}

impl Mutagenesis {
    /// How much the base at a position adds to the score: minus the mean effect of the other bases.
    pub fn contribution(&self, position: usize) -> f32 {
        if self.codes[position] == UNKNOWN {
            return 0.0;
        }
        -self.effects[position].iter().sum::<f32>() / 3.0
    }

    /// A line for each position: its base, the effect of each change, and the contribution.
    pub fn table(&self) -> String {
        let mut table = "contig\tposition\tbase\tA\tC\tG\tT\tcontribution\n".to_owned();
        for (index, (&code, effects)) in self.codes.iter().zip(&self.effects).enumerate() {
            let effects = effects.map(|effect| format!("{effect:.5}")).join("\t");
            // A string takes all that is written.
            _ = writeln!(
                table,
                "{}\t{}\t{}\t{effects}\t{:.5}",
                self.region.contig,
                self.region.start + index as u64 + 1,
                letter(code),
                self.contribution(index)
            );
        }
        table
    }
}

/// Changes each base of a region in the middle of a window, as `score` does.
pub fn mutate(
    reader: &mut WindowReader,
    region: &Region,
    tasks: &[String],
    length: usize,
    workers: &mut Workers,
) -> Result<Vec<Mutagenesis>> {
    let margin = length as i64;
    let (start, end) = (region.start as i64, region.end as i64);
    let all = reader.read_padded(&region.contig, start - margin, end + margin)?;
    let codes = all[length..all.len() - length].to_vec();
    let mut windows = Vec::new();
    for (index, &code) in codes.iter().enumerate() {
        let left = &all[index..index + length];
        let right = &all[index + length + 1..index + 2 * length + 1];
        let bases = std::iter::once(code).chain((0..4).filter(|&base| base != code && code != UNKNOWN));
        windows.extend(bases.map(|base| haplotype_window(left, &[base], right, length)));
    }
    let scores = workers.scores(&windows.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    let of_task = |(task, name): (usize, &String)| {
        let mut scores = scores.iter().map(|scores| scores[task]);
        let mut next = || scores.next().unwrap_or_default();
        let effects = codes.iter().map(|&code| {
            let reference = next();
            let mut effects = [0.0; 4];
            for base in (0..4).filter(|&base| base != code && code != UNKNOWN) {
                effects[usize::from(base)] = next() - reference;
            }
            effects
        });
        Mutagenesis {
            region: region.clone(),
            task: name.clone(),
            effects: effects.collect(),
            codes: codes.clone(),
        }
    };
    Ok(tasks.iter().enumerate().map(of_task).collect())
}
