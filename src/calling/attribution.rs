//! What the network looked at: how much its answer changes when a part of the pileup is hidden.
//!
//! Occlusion asks the network itself, with a pileup that could have been drawn: without a read, or with columns that show
//! the reference. Gradients would tell of changes that no pileup can have, because pixels have few values.

use anyhow::Result;

use crate::model::PileupClassifier;
use crate::pileup::{CHANNELS, PileupContext, WIDTH, drawn_reads, without_channel, without_columns, without_reads};

/// Images that are classified together.
const BATCH: usize = 64;
/// Least probability in log-odds, because probabilities have single precision.
const LEAST: f64 = 1e-7;

/// How much less likely the network's genotype becomes without each part, in log-odds (base 10). Negative: the part
/// speaks against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The genotype that the network chose: 0 hom-ref, 1 het, 2 hom-alt.
    pub genotype: usize,
    /// For each drawn read, from top to bottom.
    pub reads: Vec<f64>,
    pub channels: [f64; CHANNELS],
    pub columns: Vec<f64>,
}

/// A part of a pileup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Reads(Vec<usize>),
    Channels(Vec<usize>),
    Columns(Vec<usize>),
}

impl Part {
    /// The image without the part.
    fn hidden(&self, image: &[u8]) -> Vec<u8> {
        match self {
            Self::Reads(reads) => without_reads(image, reads),
            Self::Channels(channels) => {
                let hide = |image: Vec<u8>, &channel: &usize| without_channel(&image, channel);
                channels.iter().fold(image.to_vec(), hide)
            }
            Self::Columns(columns) => without_columns(image, columns),
        }
    }
}

/// Asks the network about the parts of one image.
pub struct Occlusion<'a> {
    classifier: &'a mut PileupClassifier,
    image: &'a [u8],
    context: PileupContext,
    pub genotype: usize,
    /// Log-odds of the genotype with the whole image.
    whole: f64,
}

impl<'a> Occlusion<'a> {
    /// `classifier` should not be calibrated, because the calibration depends on the number of reads.
    pub fn new(classifier: &'a mut PileupClassifier, image: &'a [u8], context: PileupContext) -> Result<Self> {
        let probabilities = classifier.classify(&[image], &[context])?[0];
        let genotype = (0..3).fold(0, |best, class| match probabilities[class] > probabilities[best] {
            true => class,
            false => best,
        });
        Ok(Self {
            classifier,
            image,
            context,
            genotype,
            whole: log_odds(probabilities[genotype]),
        })
    }

    /// How much the log-odds of the genotype fall without each part.
    pub fn effects(&mut self, parts: &[Part]) -> Result<Vec<f64>> {
        let mut effects = Vec::with_capacity(parts.len());
        for parts in parts.chunks(BATCH) {
            let hidden: Vec<_> = parts.iter().map(|part| part.hidden(self.image)).collect();
            let images: Vec<&[u8]> = hidden.iter().map(Vec::as_slice).collect();
            let results = self.classifier.classify(&images, &vec![self.context; images.len()])?;
            let whole = self.whole;
            effects.extend(results.iter().map(|p| whole - log_odds(p[self.genotype])));
        }
        Ok(effects)
    }

    /// The columns where a read differs from the reference. Hiding another column changes nothing.
    pub fn columns(&self) -> Vec<usize> {
        let changes = |column: &usize| without_columns(self.image, &[*column]) != self.image;
        (0..WIDTH).filter(changes).collect()
    }

    /// The effect of each read, channel and column alone.
    pub fn attribution(&mut self) -> Result<Attribution> {
        let reads: Vec<_> = (0..drawn_reads(self.image))
            .map(|read| Part::Reads(vec![read]))
            .collect();
        let channels: Vec<_> = (0..CHANNELS).map(|channel| Part::Channels(vec![channel])).collect();
        let columns = self.columns();
        let parts: Vec<_> = columns.iter().map(|&column| Part::Columns(vec![column])).collect();
        let mut by_column = vec![0.0; WIDTH];
        for (column, effect) in columns.into_iter().zip(self.effects(&parts)?) {
            by_column[column] = effect;
        }
        let mut by_channel = [0.0; CHANNELS];
        by_channel.copy_from_slice(&self.effects(&channels)?);
        Ok(Attribution {
            genotype: self.genotype,
            reads: self.effects(&reads)?,
            channels: by_channel,
            columns: by_column,
        })
    }
}

fn log_odds(probability: f32) -> f64 {
    let probability = f64::from(probability).clamp(LEAST, 1.0 - LEAST);
    (probability / (1.0 - probability)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_are_bounded() {
        assert!((log_odds(0.5)).abs() < 1e-9 && (log_odds(1.0) - 7.0).abs() < 1e-3);
        assert!((log_odds(0.0) + 7.0).abs() < 1e-3);
    }
}
