//! The range, over the training examples, of the numbers that the pileup network receives besides the image.

use anyhow::Result;
use rayon::prelude::*;

use super::augment::augment;
use super::examples::{Feed, NOISE_JITTER, TrainingItem};
use super::options::TrainingOptions;
use crate::examples::filled_rows;
use crate::model::network::{NUMBERS, Random, Range, numbers};

/// Views of each example: one unchanged, then augmented ones.
const VIEWS: u64 = 2;
/// Most views used, which limits memory; beyond this, a random sample of the views is used.
const MOST_VIEWS: u64 = 1 << 18;
const BATCH: usize = 256;

/// The range over the examples; labels do not matter. It depends only on options and shards.
pub fn range_of(training: &Feed, options: &TrainingOptions) -> Result<Range> {
    let kept = MOST_VIEWS as f64 / (training.labelled() * VIEWS) as f64;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    let (mut values, mut before) = (Vec::new(), 0);
    training.in_order(BATCH, |items| {
        let numbered: Vec<(u64, &TrainingItem)> = (before..).zip(items).collect();
        let views = |&(number, item): &(u64, &TrainingItem)| views(item, number, kept, options);
        let views: Vec<_> = pool.install(|| numbered.par_iter().map(views).collect());
        before += items.len() as u64;
        values.extend(views.into_iter().flatten());
        Ok(())
    })?;
    Ok(Range::covering(&values, NUMBERS))
}

/// The numbers of a random sample of an example's views.
fn views(item: &TrainingItem, number: u64, kept: f64, options: &TrainingOptions) -> Vec<f32> {
    let view = |view: u64| {
        let mut random = Random::new(&[options.seed, view, number]);
        if random.uniform() >= kept {
            return Vec::new();
        }
        let (mut image, mut context) = (std::borrow::Cow::Borrowed(&item.image), item.context);
        if view > 0 && options.augment {
            augment(image.to_mut(), &mut random);
            context.noise += (NOISE_JITTER * random.normal()) as f32;
        }
        numbers(&image, filled_rows(&image), context)
    };
    (0..VIEWS).flat_map(view).collect()
}
