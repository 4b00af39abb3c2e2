//! Computes genotype probabilities from pileups.

use anyhow::{Context as _, Result, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded};
use tch::Device;

use super::evaluator::Evaluator;
use crate::model::artifact::Model;
use crate::pileup::PileupContext;

/// Most requests in the GPU queue: enough to keep every GPU busy, few enough to limit memory.
const WAITING_REQUESTS: usize = 64;
/// The GPU threads together gather waiting requests up to this many images, each its share.
const GATHERED_IMAGES: usize = 2048;

/// Models on their devices. All workers share it; each takes its own [`PileupClassifier`].
pub struct Inference {
    models: Vec<Model>,
    /// The queue of the GPU threads, one thread for each GPU. None on the CPU.
    queue: Option<Sender<Request>>,
}

/// The images of one worker, and the channel for the answer.
struct Request {
    images: Vec<Vec<u8>>,
    contexts: Vec<PileupContext>,
    answer: Sender<Result<Vec<[f32; 3]>>>,
}

impl Inference {
    /// Averages several models. On the CPU each worker has its own copy of the networks. On CUDA one thread holds
    /// the networks of each device, and gathers the requests of all workers into large batches.
    pub fn new(models: Vec<Model>, devices: &[Device]) -> Result<Self> {
        let queue = if devices.iter().any(|device| device.is_cuda()) {
            Some(serve(&models, devices)?)
        } else {
            None
        };
        Ok(Self { models, queue })
    }

    /// A classifier for the calling thread.
    pub fn classifier(&self) -> Result<PileupClassifier> {
        Ok(match &self.queue {
            Some(queue) => PileupClassifier(Place::Remote(queue.clone())),
            None => PileupClassifier(Place::Local(Evaluator::new(&self.models, Device::Cpu)?)),
        })
    }
}

/// The genotype classifier of one worker.
pub struct PileupClassifier(Place);

enum Place {
    Local(Evaluator),
    Remote(Sender<Request>),
}

impl PileupClassifier {
    /// Probabilities of hom-ref, het and hom-alt for each image (C-order u8 [rows ≤ 100, 221, 7]; empty rows at the
    /// end may be missing). On the CPU each result depends only on its image and context, bit by bit, not on the
    /// rest of the batch.
    pub fn classify(&mut self, images: &[&[u8]], contexts: &[PileupContext]) -> Result<Vec<[f32; 3]>> {
        match &mut self.0 {
            Place::Local(evaluator) => evaluator.classify(images, contexts),
            // The cascade may have decided all.
            Place::Remote(_) if images.is_empty() && contexts.is_empty() => Ok(Vec::new()),
            Place::Remote(queue) => {
                let (answer, answered) = bounded(1);
                let images = images.iter().map(|image| image.to_vec()).collect();
                let contexts = contexts.to_vec();
                let sent = queue.send(Request {
                    images,
                    contexts,
                    answer,
                });
                sent.ok()
                    .and_then(|()| answered.recv().ok())
                    .context("the GPU threads have ended")?
            }
        }
    }
}

/// Starts a thread for each device. The threads end when no sender of requests remains.
fn serve(models: &[Model], devices: &[Device]) -> Result<Sender<Request>> {
    let (queue, requests) = bounded(WAITING_REQUESTS);
    // One GPU must not take what is waiting for all.
    let most = (GATHERED_IMAGES / devices.len().max(1)).max(1);
    for &device in devices {
        let evaluator = Evaluator::new(models, device);
        let mut evaluator = evaluator.with_context(|| format!("cannot load the model onto {device:?}"))?;
        let requests: Receiver<Request> = requests.clone();
        std::thread::spawn(move || {
            // Torch would start a team of threads on all cores, which the workers use.
            tch::set_num_threads(1);
            while let Ok(request) = requests.recv() {
                answer(&mut evaluator, gather(request, &requests, most));
            }
        });
    }
    Ok(queue)
}

/// The request and waiting requests, until they have `most` images or none is waiting.
fn gather(first: Request, requests: &Receiver<Request>, most: usize) -> Vec<Request> {
    let mut images = first.images.len();
    let mut gathered = vec![first];
    while images < most {
        let Ok(request) = requests.try_recv() else { break };
        images += request.images.len();
        gathered.push(request);
    }
    gathered
}

fn answer(evaluator: &mut Evaluator, requests: Vec<Request>) {
    let images: Vec<&[u8]> = requests
        .iter()
        .flat_map(|r| r.images.iter().map(Vec::as_slice))
        .collect();
    let contexts: Vec<_> = requests.iter().flat_map(|r| r.contexts.iter().copied()).collect();
    let results = evaluator
        .classify(&images, &contexts)
        .map_err(|error| format!("{error:#}"));
    let mut start = 0;
    for request in &requests {
        let end = start + request.images.len();
        let own = results
            .as_ref()
            .map(|all| all[start..end].to_vec())
            .map_err(|error| anyhow!("{error}"));
        // A worker that stopped because of another error no longer waits.
        let _ = request.answer.send(own);
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::ROW_BYTES;
    use crate::model::artifact::Card;
    use crate::model::network::{Architecture, Network, Random};
    use crate::pileup::HEIGHT;
    use crate::variants::VariantType;

    fn images(n: usize) -> Vec<Vec<u8>> {
        let mut random = Random::new(&[7]);
        (0..n)
            .map(|_| {
                let rows = 5 + random.below(96);
                (0..rows * ROW_BYTES).map(|_| random.below(255) as u8 | 1).collect()
            })
            .collect()
    }

    fn model(seed: u64) -> Model {
        let architecture = Architecture::default();
        Model::new(
            &Network::random(&architecture, seed).unwrap().weights(),
            Card::new("test", architecture),
        )
        .unwrap()
    }

    #[test]
    fn results_depend_only_on_the_image() {
        let mut classifier = Inference::new(vec![model(1)], &[Device::Cpu])
            .unwrap()
            .classifier()
            .unwrap();
        let images = images(60);
        let types: Vec<_> = (0..60).map(|i| PileupContext::from(VariantType::ALL[i % 2])).collect();
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let whole = classifier.classify(&refs, &types).unwrap();
        assert!(whole.iter().all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        assert!(
            whole.windows(2).all(|pair| pair[0] != pair[1]),
            "each image has its own result"
        );
        let mut order: Vec<usize> = (0..60).collect();
        Random::new(&[3]).shuffle(&mut order);
        for size in [1, 3, 16] {
            for part in order.chunks(size) {
                let part_images: Vec<_> = part.iter().map(|&i| refs[i]).collect();
                let part_types: Vec<_> = part.iter().map(|&i| types[i]).collect();
                let results = classifier.classify(&part_images, &part_types).unwrap();
                part.iter().zip(results).for_each(|(&i, p)| assert_eq!(p, whole[i]));
            }
        }
        let mut padded = images[0].clone();
        padded.resize(HEIGHT * ROW_BYTES, 0);
        assert_eq!(classifier.classify(&[&padded], &types[..1]).unwrap()[0], whole[0]);
    }

    #[test]
    fn probabilities_that_are_not_numbers_are_an_error() {
        let architecture = Architecture::default();
        let mut weights = Network::random(&architecture, 1).unwrap().weights();
        // Each weight is finite, but sums overflow.
        for name in ["hidden.weight", "heads.weight"] {
            let _ = weights.get_mut(name).unwrap().detach().fill_(3e38);
        }
        let model = Model::new(&weights, Card::new("overflow", architecture)).unwrap();
        let mut classifier = Inference::new(vec![model], &[Device::Cpu])
            .unwrap()
            .classifier()
            .unwrap();
        let images = images(1);
        let error = classifier
            .classify(&[&images[0]], &[VariantType::Snp.into()])
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("model overflow gives probabilities that are not numbers"),
            "{error}"
        );
    }

    #[test]
    fn several_models_are_averaged() {
        let images = images(3);
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let types = [PileupContext::from(VariantType::Snp); 3];
        let mean = |models: &[Model]| {
            let inference = Inference::new(models.to_vec(), &[Device::Cpu]).unwrap();
            inference.classifier().unwrap().classify(&refs, &types).unwrap()
        };
        let (a, b, both) = (mean(&[model(1)]), mean(&[model(2)]), mean(&[model(1), model(2)]));
        assert_ne!(a, b);
        for i in 0..9 {
            assert!((both[i / 3][i % 3] - (a[i / 3][i % 3] + b[i / 3][i % 3]) / 2.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_gpu_thread_takes_its_share_of_the_waiting_images() {
        let (queue, requests) = bounded(8);
        let (answer, _answered) = bounded(8);
        let request = || Request {
            images: images(4),
            contexts: vec![PileupContext::from(VariantType::Snp); 4],
            answer: answer.clone(),
        };
        (0..5).for_each(|_| queue.send(request()).unwrap());
        assert_eq!(gather(request(), &requests, 8).len(), 2);
        assert_eq!(gather(request(), &requests, 2048).len(), 5);
    }

    #[test]
    fn the_threads_of_two_devices_serve_many_workers() {
        let images = images(24);
        let types = [PileupContext::from(VariantType::Indel); 24];
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let models = [model(1)];
        let expected = Evaluator::new(&models, Device::Cpu)
            .unwrap()
            .classify(&refs, &types)
            .unwrap();
        // GPU threads that run on the CPU here.
        let queue = serve(&models, &[Device::Cpu, Device::Cpu]).unwrap();
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let mut classifier = PileupClassifier(Place::Remote(queue.clone()));
                let (refs, types, expected) = (&refs, &types, &expected);
                scope.spawn(move || {
                    assert!(classifier.classify(&[], &[]).unwrap().is_empty());
                    for size in [1, 5, 24] {
                        let range = worker * (24 - size) / 3..worker * (24 - size) / 3 + size;
                        let results = classifier
                            .classify(&refs[range.clone()], &types[range.clone()])
                            .unwrap();
                        assert_eq!(results, expected[range]);
                    }
                });
            }
        });
    }
}
