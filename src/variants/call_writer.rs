//! Writes calls as VCF and gVCF. Other threads make and compress the records, in pieces.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::bcf::BcfEncoder;
use super::byte_stream::{ByteStream, SavedStream};
use super::format::VariantFormat;
use super::gvcf::DEFINITIONS;
use super::index::{index_bcf, index_variants};
use super::piece::{Encoder, FormattedPiece, Piece, PieceFormat, RecordOptions};
use super::summary::CallSummary;
use super::vcf::VcfHeader;
use crate::genome::Contigs;
use crate::output::{OutputFile, ReadyFile};
use crate::runtime::{OrderedTasks, StageCosts, TaskPool};
use crate::targets::TargetReport;

/// Callers for each thread that makes records: it takes an eighth of the time of the callers or less.
const CALLERS: usize = 8;
/// Most pieces that wait for these threads, for each thread.
const MOST_PIECES: usize = 4;

/// The locked outputs of calls.
pub struct CallFiles {
    /// None: standard output.
    pub vcf: Option<OutputFile>,
    pub gvcf: Option<OutputFile>,
}

impl CallFiles {
    /// Locks the outputs; no `vcf` is standard output. Fails if the folders cannot be written.
    pub fn lock(vcf: Option<&Path>, gvcf: Option<&Path>) -> Result<Self> {
        let lock = |target: &Path| OutputFile::with_index(target, VariantFormat::of_name(target).indexes());
        Ok(Self {
            vcf: vcf.map(lock).transpose()?,
            gvcf: gvcf.map(lock).transpose()?,
        })
    }

    /// The files, that of the VCF last.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OutputFile> {
        self.gvcf.iter_mut().chain(&mut self.vcf)
    }
}

/// Writes calls in the formats of the names of their files. Files other than plain text get an index.
pub struct CallWriter {
    format: Arc<PieceFormat>,
    pieces: OrderedTasks<FormattedPiece>,
    most_pieces: usize,
    files: CallFiles,
    vcf: ByteStream,
    gvcf: Option<ByteStream>,
    contigs: Contigs,
    threads: usize,
    costs: StageCosts,
    targets: Option<TargetReport>,
}

impl CallWriter {
    /// Starts the files. With `saved`, goes on with files that were written so far. `threads` is the number of callers.
    pub fn create(
        files: CallFiles,
        header: &VcfHeader,
        options: RecordOptions,
        threads: usize,
        saved: Option<[SavedStream; 2]>,
    ) -> Result<Self> {
        let pool = TaskPool::new(threads.div_ceil(CALLERS))?;
        let (vcf_saved, gvcf_saved) = saved.map_or((None, None), |[vcf, gvcf]| (Some(vcf), Some(gvcf)));
        let (encoder, head) = begin(files.vcf.as_ref(), header.text(""))?;
        let vcf = stream(files.vcf.as_ref(), &head, &pool, vcf_saved)?;
        let gvcf = match &files.gvcf {
            None => None,
            Some(file) => {
                let (encoder, head) = begin(Some(file), header.text(DEFINITIONS))?;
                Some((encoder, stream(Some(file), &head, &pool, gvcf_saved)?))
            }
        };
        let (gvcf_encoder, gvcf) = gvcf.unzip();
        Ok(Self {
            targets: options.targets.clone().map(TargetReport::new),
            format: Arc::new(PieceFormat {
                options,
                vcf: encoder,
                gvcf: gvcf_encoder,
            }),
            threads: pool.threads(),
            most_pieces: MOST_PIECES * pool.threads(),
            pieces: OrderedTasks::new(pool),
            files,
            vcf,
            gvcf,
            contigs: header.contigs.clone(),
            costs: StageCosts::default(),
        })
    }

    /// Adds the next piece.
    pub fn add(&mut self, piece: Piece) {
        let format = self.format.clone();
        self.pieces.add(move || format.format(&piece));
    }

    /// Writes the next piece if it is ready, or if too many wait; with `is_last`, any. Returns the counts of its calls.
    pub fn write_next(&mut self, is_last: bool) -> Result<Option<CallSummary>> {
        let most = if is_last { 0 } else { self.most_pieces };
        let failed = || failed(self.files.vcf.as_ref());
        let Some(piece) = self.pieces.next(most).transpose().with_context(failed)? else {
            return Ok(None);
        };
        self.vcf.push(&piece.vcf).with_context(failed)?;
        if let Some(gvcf) = &mut self.gvcf {
            let failed = || super::call_writer::failed(self.files.gvcf.as_ref());
            gvcf.push(&piece.gvcf).with_context(failed)?;
        }
        self.costs += piece.costs;
        if let Some(targets) = &mut self.targets {
            for (contig, runs) in &piece.runs {
                runs.iter().for_each(|run| targets.add(contig, run));
            }
        }
        Ok(Some(piece.summary))
    }

    /// Writes what was added to the disk, and returns how far VCF and gVCF are written.
    pub fn save(&mut self) -> Result<[SavedStream; 2]> {
        let vcf = self.vcf.save().with_context(|| failed(self.files.vcf.as_ref()))?;
        let gvcf = self.gvcf.as_mut().map(ByteStream::save).transpose();
        let gvcf = gvcf.with_context(|| failed(self.files.gvcf.as_ref()))?;
        Ok([vcf, gvcf.unwrap_or_default()])
    }

    /// What the pieces so far say of the targets.
    pub fn take_targets(&mut self) -> Option<TargetReport> {
        self.targets.take()
    }

    pub fn files_mut(&mut self) -> &mut CallFiles {
        &mut self.files
    }

    /// Closes and indexes the files, so that only their final names are missing. This way, several files can get their
    /// names together, when all are complete. Also returns what records and compression took.
    pub fn close(mut self) -> Result<(Vec<ReadyFile>, StageCosts)> {
        let mut ready = Vec::new();
        for (file, stream) in [(self.files.gvcf, self.gvcf), (self.files.vcf, Some(self.vcf))] {
            let closed = stream.map(ByteStream::close).transpose();
            self.costs += closed.with_context(|| failed(file.as_ref()))?.unwrap_or_default();
            ready.extend(
                file.map(|file| indexed(file, &self.contigs, self.threads))
                    .transpose()?,
            );
        }
        Ok((ready, self.costs))
    }
}

/// The encoder of a file, and the first bytes.
pub(super) fn begin(file: Option<&OutputFile>, header: String) -> Result<(Encoder, Vec<u8>)> {
    match file.map(|file| VariantFormat::of_name(file.name())) {
        Some(VariantFormat::Bcf) => {
            let encoder = BcfEncoder::new(header.into_bytes());
            let head = encoder.head().with_context(|| failed(file))?;
            Ok((Encoder::Bcf(encoder), head))
        }
        _ => Ok((Encoder::Text, header.into_bytes())),
    }
}

/// The stream into a file, after its first bytes, or after what is saved.
pub(super) fn stream(
    file: Option<&OutputFile>,
    head: &[u8],
    pool: &TaskPool,
    saved: Option<SavedStream>,
) -> Result<ByteStream> {
    let begin = |mut stream: ByteStream| stream.push(head).map(|()| stream);
    let Some(file) = file else {
        return begin(ByteStream::on_standard_output()).with_context(|| failed(file));
    };
    let pool = Some(pool).filter(|_| VariantFormat::of_name(file.name()) != VariantFormat::Vcf);
    let stream = match saved {
        Some(saved) => ByteStream::resumed(file.reopen()?, pool, saved),
        None => begin(ByteStream::new(file.open()?, pool)),
    };
    stream.with_context(|| file.failed())
}

pub(super) fn indexed(file: OutputFile, contigs: &Contigs, threads: usize) -> Result<ReadyFile> {
    let index = match VariantFormat::of_name(file.name()) {
        VariantFormat::Vcf => Ok(()),
        VariantFormat::BgzippedVcf => index_variants(&file.path(), contigs, threads).map(drop),
        VariantFormat::Bcf => index_bcf(&file.path(), threads).map(drop),
    };
    index.with_context(|| file.failed())?;
    Ok(file.ready())
}

pub(super) fn failed(file: Option<&OutputFile>) -> String {
    file.map_or_else(|| "cannot write to standard output".to_owned(), OutputFile::failed)
}

#[cfg(test)]
mod tests {
    use rust_htslib::bcf::Read as _;

    use super::*;
    use crate::genome::{Contig, Region};
    use crate::output::put_in_place;
    use crate::variants::{Call, DecidingStage, Filter, PloidyStyle, Unseen, record};

    fn call() -> Call {
        Call {
            position: 99,
            reference: b"G".to_vec(),
            alternates: vec![b"GT".to_vec(), b"GTT".to_vec()],
            depth: 40,
            allele_depths: vec![4, 20, 16],
            probabilities: vec![0.001, 0.0, 0.0, 0.0, 0.999, 0.0],
            genotype: [1, 2].into(),
            stage: DecidingStage::Network,
            tier: None,
        }
    }

    fn contigs() -> Contigs {
        Contigs::new(vec![Contig {
            name: "chr1".into(),
            length: 1000,
        }])
    }

    fn writer(target: &Path, contigs: &Contigs) -> CallWriter {
        let header = VcfHeader {
            sample: "S",
            contigs,
            reference: Path::new("ref.fa"),
            models: vec!["m sha256:00".into()],
            measured_library: "usual".into(),
            ploidy: "diploid".into(),
            command_line: "dvcall call".into(),
            gates: None,
            tiers: false,
        };
        let options = RecordOptions {
            min_quality: 3.0,
            ref_calls: true,
            ploidy_style: PloidyStyle::Vcf,
            gates: None,
            targets: None,
        };
        CallWriter::create(CallFiles::lock(Some(target), None).unwrap(), &header, options, 1, None).unwrap()
    }

    fn add(writer: &mut CallWriter, contig: &str) -> Result<Option<CallSummary>> {
        let mut piece = Piece::default();
        piece.cover(&Region::new(contig, 0, 1000), 1000, Vec::new());
        piece.add(contig, call());
        writer.add(piece);
        writer.write_next(true)
    }

    fn expected() -> String {
        record("chr1", &call(), &Filter::Pass.into(), Unseen::Omitted, PloidyStyle::Vcf)
    }

    #[test]
    fn the_file_appears_complete_with_its_index_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.vcf.gz");
        let contigs = contigs();
        let mut bgzipped = writer(&target, &contigs);
        assert_eq!(add(&mut bgzipped, "chr1").unwrap().unwrap().pass, 1);
        assert!(!target.exists());
        std::fs::write(folder.path().join("x.vcf.gz.csi"), "of an earlier file").unwrap();
        put_in_place(bgzipped.close().unwrap().0).unwrap();
        assert!(folder.path().join("x.vcf.gz.tbi").exists());
        let text = std::io::read_to_string(rust_htslib::bgzf::Reader::from_path(&target).unwrap()).unwrap();
        assert!(text.starts_with("##fileformat=VCFv4.2\n") && text.contains("##contig=<ID=chr1,length=1000>\n"));
        assert!(text.ends_with(&expected()));
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");

        drop(writer(&folder.path().join("y.vcf"), &contigs));
        drop(writer(&folder.path().join("y.bcf"), &contigs));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn bcf_has_the_same_records() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("z.bcf");
        let contigs = contigs();
        let mut bcf = writer(&target, &contigs);
        let error = format!("{:#}", add(&mut bcf, "chr2").unwrap_err());
        assert!(error.contains("z.bcf: htslib cannot make BCF of 'chr2\t"), "{error}");
        let mut bcf = writer(&target, &contigs);
        add(&mut bcf, "chr1").unwrap();
        put_in_place(bcf.close().unwrap().0).unwrap();
        assert!(folder.path().join("z.bcf.csi").exists());
        let mut reader = rust_htslib::bcf::Reader::from_path(&target).unwrap();
        let records: Vec<_> = reader.records().map(|r| r.unwrap().to_vcf_string().unwrap()).collect();
        assert_eq!(records, [expected()]);
    }
}
