//! The codings and their encoders.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::GzEncoder;

/// Window of an answer compressed on its way, as a power of two: 256 KiB, which bounds the memory of one.
const BROTLI_WINDOW: u32 = 18;
const BROTLI_BUFFER: usize = 4_096;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    #[cfg(feature = "zstd")]
    Zstd,
    Brotli,
    Gzip,
}

/// How hard an encoder tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For an answer that is sent once.
    Quick,
    /// For an answer that is kept and sent often.
    Best,
}

impl Coding {
    /// The one to take of those a client likes equally comes first.
    pub(super) const PREFERRED: &[Self] = &[
        #[cfg(feature = "zstd")]
        Self::Zstd,
        Self::Brotli,
        Self::Gzip,
    ];

    /// Its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// An older name that means the same.
    pub(super) fn alias(self) -> Option<&'static str> {
        (self == Self::Gzip).then_some("x-gzip")
    }

    pub(super) fn encoder(self, effort: Effort) -> Encoder {
        let best = effort == Effort::Best;
        match self {
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                Encoder::Zstd(zstd::stream::write::Encoder::new(Vec::new(), if best { 15 } else { 3 }).ok())
            }
            Self::Brotli => {
                let (quality, window) = if best { (9, 22) } else { (4, BROTLI_WINDOW) };
                let writer = brotli::CompressorWriter::new(Vec::new(), BROTLI_BUFFER, quality, window);
                Encoder::Brotli(Box::new(writer))
            }
            Self::Gzip => {
                let level = flate2::Compression::new(if best { 9 } else { 5 });
                Encoder::Gzip(GzEncoder::new(Vec::new(), level))
            }
        }
    }

    /// All of `plain` at once.
    pub(super) fn encode(self, effort: Effort, plain: &[u8]) -> io::Result<Bytes> {
        let mut encoder = self.encoder(effort);
        encoder.write(plain)?;
        encoder.finish()
    }
}

/// A running compression.
pub(super) enum Encoder {
    #[cfg(feature = "zstd")]
    Zstd(Option<zstd::stream::write::Encoder<'static, Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    pub(super) fn write(&mut self, plain: &[u8]) -> io::Result<()> {
        self.writer()?.write_all(plain)
    }

    /// Lets everything written so far come out.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer()?.flush()
    }

    /// What came out since the last call.
    pub(super) fn take(&mut self) -> Bytes {
        let out = match self {
            #[cfg(feature = "zstd")]
            Self::Zstd(Some(encoder)) => encoder.get_mut(),
            #[cfg(feature = "zstd")]
            Self::Zstd(None) => return Bytes::new(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        };
        std::mem::take(out).into()
    }

    /// The rest.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        let out = match self {
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.ok_or_else(no_memory)?.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Gzip(encoder) => encoder.finish()?,
        };
        Ok(out.into())
    }

    fn writer(&mut self) -> io::Result<&mut dyn Write> {
        Ok(match self {
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.as_mut().ok_or_else(no_memory)?,
            Self::Brotli(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
        })
    }
}

#[cfg(feature = "zstd")]
fn no_memory() -> io::Error {
    io::ErrorKind::OutOfMemory.into()
}
