//! What is made of an upload: decoded, turned as it is seen, made smaller, and written anew, so that nothing of the
//! file itself goes out but what can be seen.
//!
//! The bytes say what a file is, and three decoders can be reached. Width, height, pixels and memory have limits that
//! are looked at before a pixel is decoded. This is work for the processor alone: it neither waits nor knows the time.

use std::io::Cursor;

use base::{Error, codes};
use bytes::Bytes;
use fabric::blobs::BlobId;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, GenericImageView as _, ImageDecoder as _, ImageError,
    ImageFormat, ImageReader, Limits, RgbaImage,
};
use thiserror::Error;

use super::picture::{Format, Look, Shown, Size};

/// The most pixels of an upload.
pub(crate) const PIXELS_MAX: u64 = 40_000_000;
/// The most pixels of one of its sides.
pub(crate) const SIDE_MAX: u32 = 12_000;
/// The most that the pixels of an upload take while they are decoded; with more bits each, there may be fewer.
const DECODED_BYTES_MAX: u64 = 200 << 20;
/// What a decoder may take besides.
const DECODER_BYTES_MAX: u64 = 64 << 20;
/// How well JPEG is written.
const QUALITY: u8 = 82;

/// Why nothing is made of an upload.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(crate) enum Refusal {
    #[error("it is empty")]
    Empty,
    #[error("it is neither a JPEG, nor a PNG, nor a WebP")]
    Unknown,
    #[error(
        "it has {0} × {1} pixels; a side may have 12000, all together 40 million, and fewer with 16 bits a colour"
    )]
    TooLarge(u32, u32),
    #[error("it is damaged or cut off")]
    Damaged,
}

/// What was made.
pub(crate) struct Made {
    pub(crate) look: Look,
    /// The bytes of the blobs that the look names, each once.
    pub(crate) blobs: Vec<Bytes>,
}

impl From<Refusal> for Error {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        Error::invalid(
            codes::PICTURE_REFUSED,
            format!("nothing is made of the picture: {refusal}"),
        )
    }
}

/// Makes all sizes of an upload.
pub(crate) fn make(upload: &[u8]) -> Result<Made, Refusal> {
    let format = kind(upload)?;
    let (decoded, turn) = match format {
        ImageFormat::Png => decode(&without_notes(upload)?, format)?,
        _ => decode(upload, format)?,
    };
    let seen = if swaps(turn) {
        (decoded.height(), decoded.width())
    } else {
        decoded.dimensions()
    };
    let ground = Ground::prepare(decoded, turn);
    let (mut sizes, mut blobs): (Vec<Shown>, Vec<Bytes>) = (Vec::new(), Vec::new());
    let mut colour = None;
    for size in Size::ALL {
        let (width, height) = fitted(seen, size.side_max());
        let piece = ground.resized(width, height);
        colour.get_or_insert_with(|| average(&piece));
        let bytes = encode(&piece, ground.format).ok_or(Refusal::Damaged)?;
        let blob = BlobId::of(&bytes);
        let length = u32::try_from(bytes.len()).map_err(|_| Refusal::Damaged)?;
        if !sizes.iter().any(|shown| shown.blob == blob) {
            blobs.push(bytes);
        }
        sizes.push(Shown {
            size,
            width,
            height,
            bytes: length,
            blob,
        });
    }
    let look = Look {
        width: seen.0,
        height: seen.1,
        colour: colour.unwrap_or_default(),
        format: ground.format,
        sizes,
    };
    Ok(Made { look, blobs })
}

/// What the first bytes say. Names and headers of requests are not asked.
fn kind(upload: &[u8]) -> Result<ImageFormat, Refusal> {
    match upload {
        [] => Err(Refusal::Empty),
        [0xff, 0xd8, 0xff, ..] => match is_ended(upload) {
            true => Ok(ImageFormat::Jpeg),
            false => Err(Refusal::Damaged),
        },
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(ImageFormat::Png),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(ImageFormat::WebP),
        _ => Err(Refusal::Unknown),
    }
}

/// Whether a JPEG has its end. The decoder would fill up with grey what was cut off.
fn is_ended(upload: &[u8]) -> bool {
    // In the pixels no such pair can stand, so behind the last beginning of them there must be an end.
    let last = |mark: u8| upload.windows(2).rposition(|pair| pair == [0xff, mark]);
    match (last(0xda), last(0xd9)) {
        (Some(begin), Some(end)) => begin < end,
        _ => false,
    }
}

/// A PNG with what its pixels need, and how it was held. Texts and profiles are packed, and a few bytes of them can
/// unpack to hundreds of megabytes, so the decoder never gets them; nor does it get moving pictures, only the first.
fn without_notes(upload: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (signature, mut rest) = upload.split_at_checked(8).ok_or(Refusal::Damaged)?;
    let mut kept = signature.to_vec();
    // The length of the content, the kind, and behind the content a sum.
    while let [a, b, c, d, kind @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        let length = usize::try_from(length).map_err(|_| Refusal::Damaged)?;
        let whole = length.checked_add(12).ok_or(Refusal::Damaged)?;
        let (chunk, behind) = rest.split_at_checked(whole).ok_or(Refusal::Damaged)?;
        let named = kind.get(..4).unwrap_or_default();
        if matches!(
            named,
            b"IHDR" | b"PLTE" | b"tRNS" | b"eXIf" | b"IDAT" | b"IEND"
        ) {
            kept.extend_from_slice(chunk);
        }
        if named == b"IEND" {
            return Ok(kept);
        }
        rest = behind;
    }
    Err(Refusal::Damaged)
}

fn decode(upload: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), Refusal> {
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    let mut limits = Limits::default();
    // Width and height are looked at below, so that the refusal says which they are.
    limits.max_alloc = Some(DECODED_BYTES_MAX + DECODER_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let fits = width.max(height) <= SIDE_MAX
        && pixels <= PIXELS_MAX
        && decoder.total_bytes() <= DECODED_BYTES_MAX;
    if !fits {
        return Err(Refusal::TooLarge(width, height));
    }
    if pixels == 0 {
        return Err(Refusal::Damaged);
    }
    // A note on how it is turned that cannot be read is none.
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    Ok((decoded, turn))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "what stands in an error of the decoder is of no use to anybody else"
)]
fn unreadable(_error: ImageError) -> Refusal {
    Refusal::Damaged
}

/// Whether turning exchanges width and height.
fn swaps(turn: Orientation) -> bool {
    matches!(
        turn,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Width and height with a longer side of at most so many pixels, and a shorter one of at least one.
fn fitted((width, height): (u32, u32), side_max: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= side_max {
        return (width, height);
    }
    let scaled = |side: u32| {
        let scaled =
            (u64::from(side) * u64::from(side_max) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side_max).max(1)
    };
    (scaled(width), scaled(height))
}

/// What all sizes are made from: turned, eight bits a colour, not much larger than the largest of them.
struct Ground {
    image: DynamicImage,
    format: Format,
}

impl Ground {
    fn prepare(decoded: DynamicImage, turn: Orientation) -> Self {
        let seen_through = decoded.color().has_alpha();
        // Averages over squares are quick and take little memory; what is left is made well afterwards.
        let (width, height) = fitted(decoded.dimensions(), Size::Large.side_max() * 2);
        let shrinks = (width, height) != decoded.dimensions();
        let mut image = if seen_through {
            let mut pixels = decoded.into_rgba8();
            weigh(&mut pixels);
            let pixels = match shrinks {
                true => imageops::thumbnail(&pixels, width, height),
                false => pixels,
            };
            DynamicImage::ImageRgba8(pixels)
        } else {
            let pixels = decoded.into_rgb8();
            DynamicImage::ImageRgb8(match shrinks {
                true => imageops::thumbnail(&pixels, width, height),
                false => pixels,
            })
        };
        image.apply_orientation(turn);
        let is_whole = |pixels: &RgbaImage| pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX);
        let format = match &image {
            DynamicImage::ImageRgba8(pixels) if !is_whole(pixels) => Format::Webp,
            _ => Format::Jpeg,
        };
        if format == Format::Jpeg {
            image = DynamicImage::ImageRgb8(image.into_rgb8());
        }
        Ground { image, format }
    }

    fn resized(&self, width: u32, height: u32) -> DynamicImage {
        let mut resized = match self.image.dimensions() == (width, height) {
            true => self.image.clone(),
            false => self
                .image
                .resize_exact(width, height, FilterType::CatmullRom),
        };
        if let DynamicImage::ImageRgba8(pixels) = &mut resized {
            unweigh(pixels);
        }
        resized
    }
}

/// Weighs each colour by how much of it is seen, so that averages take no part of what is not seen.
fn weigh(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let weigh = |colour: u8| {
            let weighed = (u16::from(colour) * u16::from(alpha) + 127) / 255;
            u8::try_from(weighed).unwrap_or(u8::MAX)
        };
        pixel.0 = [weigh(red), weigh(green), weigh(blue), alpha];
    }
}

/// Takes the weights out again.
fn unweigh(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let full = |colour: u8| {
            let full = (u16::from(colour) * 255 + u16::from(alpha) / 2) / u16::from(alpha.max(1));
            u8::try_from(full).unwrap_or(u8::MAX)
        };
        pixel.0 = match alpha {
            0 => [0; 4],
            alpha => [full(red), full(green), full(blue), alpha],
        };
    }
}

/// The colour of all of it together, of what can be seen.
fn average(image: &DynamicImage) -> String {
    let (mut sums, mut weight) = ([0_u64; 3], 0_u64);
    for (_, _, pixel) in image.pixels() {
        let [red, green, blue, alpha] = pixel.0.map(u64::from);
        weight += alpha;
        for (sum, colour) in sums.iter_mut().zip([red, green, blue]) {
            *sum += colour * alpha;
        }
    }
    let [red, green, blue] = sums.map(|sum| sum / weight.max(1));
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn encode(image: &DynamicImage, format: Format) -> Option<Bytes> {
    let (width, height) = image.dimensions();
    let mut bytes = Vec::new();
    let (pixels, colours) = (image.as_bytes(), ExtendedColorType::from(image.color()));
    let written = match format {
        Format::Jpeg => JpegEncoder::new_with_quality(&mut bytes, QUALITY)
            .encode(pixels, width, height, colours),
        Format::Webp => {
            WebPEncoder::new_lossless(&mut bytes).encode(pixels, width, height, colours)
        }
    };
    written.ok().map(|()| bytes.into())
}
