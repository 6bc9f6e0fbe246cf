//! Files that people upload, and those that nobody should: polyglots, bombs, cuts, canaries.

use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use testkit::trial::Engine;

use super::pictures::{all_sizes, blobs, upload};
use super::world::{OPERATOR, Shop, on_both};

on_both!(
    what_is_no_picture_is_refused_and_leaves_nothing,
    bombs_are_refused_before_they_go_off,
    of_a_file_only_what_can_be_seen_goes_out,
    a_picture_is_shown_as_it_was_held,
    too_many_bytes_are_refused_whatever_is_said_of_them,
    mutants_of_pictures_are_taken_or_refused,
);

/// What must not be in anything that goes out.
const CANARY: &[u8] = b"<script>canary48.2082N16.3738E</script>";

/// A picture with something to see in it.
pub(crate) fn photo(width: u32, height: u32) -> DynamicImage {
    let colour = |x: u32, y: u32| {
        let wave = ((x / 7 + y / 5) % 13) as u8 * 9;
        Rgb([(x * 200 / width) as u8 + 20, (y * 200 / height) as u8, wave])
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour))
}

pub(crate) fn jpeg(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    image.write_with_encoder(encoder).unwrap();
    bytes
}

pub(crate) fn png(image: &DynamicImage) -> Vec<u8> {
    written(image, ImageFormat::Png)
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The same JPEG with a segment behind its first mark.
fn with_segment(jpeg: &[u8], mark: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, mark], &length, content, &jpeg[2..]].concat()
}

/// Notes of a camera: how it was held, where it stood, and a canary.
fn exif(orientation: u8) -> Vec<u8> {
    let mut notes = b"Exif\0\0MM\0*\0\0\0\x08\0\x03".to_vec();
    // Orientation, then a description and the notes on where, both of which point behind the table.
    notes.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    let length = u32::try_from(CANARY.len()).unwrap().to_be_bytes();
    notes.extend([0x01, 0x0e, 0, 2]);
    notes.extend(length);
    notes.extend(50_u32.to_be_bytes());
    notes.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1]);
    notes.extend(50_u32.to_be_bytes());
    notes.extend([0, 0, 0, 0]);
    notes.extend(CANARY);
    notes
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let named = [kind.as_slice(), content].concat();
    [&length, named.as_slice(), &crc(&named).to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// A PNG that says that it is so large, with these bytes for its pixels.
fn claimed(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]);
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [
        signature,
        chunk(b"IHDR", &head),
        chunk(b"IDAT", pixels),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// Very many zeros, packed as zlib does it: a thousand times smaller.
fn packed_zeros(length: usize) -> Vec<u8> {
    // Blocks of a fixed code: a zero, and then copies of 258 of what is before.
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|at| value >> at & 1 == 1));
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..length / 258 {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 7);
    let byte = |bits: &[bool]| {
        bits.iter()
            .enumerate()
            .map(|(at, bit)| u8::from(*bit) << at)
            .sum()
    };
    let mut packed: Vec<u8> = vec![0x78, 0x01];
    packed.extend(bits.chunks(8).map(byte).collect::<Vec<u8>>());
    packed.extend([0, 0, 0, 0]);
    packed
}

async fn what_is_no_picture_is_refused_and_leaves_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let whole = photo(64, 48);
    let (good_jpeg, good_png) = (jpeg(&whole), png(&whole));
    let good_webp = written(&whole, ImageFormat::WebP);
    let gif = b"GIF89a/*\x01\0\0\0\0;*/=1;alert(document.domain)//".to_vec();
    let mut lies = b"\x89PNG\r\n\x1a\n".to_vec();
    lies.extend(b"<html><script>alert(1)</script>");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("one byte", vec![0xff]),
        ("text", b"soup of the day".to_vec()),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec()),
        (
            "svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
        ),
        ("gif and script", gif),
        (
            "bmp",
            b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0".to_vec(),
        ),
        ("tiff", b"II*\0\x08\0\0\0\0\0\0\0".to_vec()),
        ("pdf", b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>".to_vec()),
        ("zip", b"PK\x03\x04\x14\0\0\0\0\0".to_vec()),
        ("avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf".to_vec()),
        ("script behind a signature", lies),
        ("jpeg begun", vec![0xff, 0xd8, 0xff, 0xe0]),
        ("jpeg cut", good_jpeg[..good_jpeg.len() / 2].to_vec()),
        (
            "jpeg without its end",
            good_jpeg[..good_jpeg.len() - 2].to_vec(),
        ),
        ("png cut", good_png[..good_png.len() / 2].to_vec()),
        ("webp cut", good_webp[..good_webp.len() / 2].to_vec()),
        (
            "png in jpeg's clothes",
            [&[0xff, 0xd8, 0xff][..], &good_png].concat(),
        ),
        ("no pixels", claimed(0, 0, &[])),
    ];
    for (name, bytes) in cases {
        let said = upload(&shop.node, &organisation, "", &bytes).await;
        assert_eq!(said.code(), (422, "picture_refused"), "{name}: {said:?}");
    }
    assert!(blobs(shop.shelf()).is_empty());
    let all = shop
        .get(&format!("/api/organisations/{organisation}/pictures"))
        .await;
    assert_eq!(all.good(), json!({"items": []}));
}

async fn bombs_are_refused_before_they_go_off(engine: Engine) {
    let (shop, clock) = (Shop::new(engine).await, Clock::real());
    let organisation = shop.organisation("Gruppo").await;
    let small = png(&photo(8, 8));
    // Behind the head (33 bytes) a text and a profile that unpack to hundreds of megabytes.
    let zeros = packed_zeros(400_000_000);
    let text = [b"Comment\0\0".as_slice(), &zeros].concat();
    let profile = [b"icc\0\0".as_slice(), &zeros].concat();
    let mut flat_webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f".to_vec();
    flat_webp.extend([0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut wide_jpeg = jpeg(&photo(8, 8));
    let frame = wide_jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    wide_jpeg[frame + 5..frame + 9].fill(0xff);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "2 billion on a side",
            claimed(0x7fff_ffff, 0x7fff_ffff, &[]),
        ),
        ("just too wide", claimed(12_001, 1, &packed_zeros(40_000))),
        (
            "just too many",
            claimed(8_001, 5_000, &packed_zeros(120_015_000)),
        ),
        ("a 65535 square jpeg", wide_jpeg),
        ("a 16384 square webp", flat_webp),
        (
            "far more behind few pixels",
            claimed(4, 4, &[zeros.clone(), vec![1; 64]].concat()),
        ),
        (
            "a text",
            [&small[..33], &chunk(b"zTXt", &text), &small[33..]].concat(),
        ),
        (
            "a profile",
            [&small[..33], &chunk(b"iCCP", &profile), &small[33..]].concat(),
        ),
    ];
    for (name, bytes) in cases {
        let begun = clock.elapsed();
        let before = peak_mib();
        let said = upload(&shop.node, &organisation, "", &bytes).await;
        // What is behind the pixels need not be read; then the picture is a small one like any other.
        let (status, _) = said.code();
        assert!(
            status == 422 || (status == 201 && !name.contains("too")),
            "{name}: {said:?}"
        );
        let took = clock.elapsed().saturating_sub(begun);
        assert!(took < Duration::from_secs(10), "{name} took {took:?}");
        assert!(
            peak_mib() < before + 150,
            "{name} took {} MiB",
            peak_mib() - before
        );
    }
}

/// Pictures in which there is more than can be seen.
fn with_canaries() -> Vec<(&'static str, Vec<u8>)> {
    let whole = photo(700, 500);
    let (plain_jpeg, plain_png) = (jpeg(&whole), png(&whole));
    let webp = written(&whole, ImageFormat::WebP);
    let zip = [b"PK\x03\x04".as_slice(), CANARY, b"PK\x05\x06"].concat();
    let text = [b"Comment\0".as_slice(), CANARY].concat();
    let mut long_webp = [
        &webp[..],
        b"EXIF",
        &u32::try_from(CANARY.len()).unwrap().to_le_bytes(),
        CANARY,
        b"\0",
    ]
    .concat();
    let length = u32::try_from(long_webp.len() - 8).unwrap().to_le_bytes();
    long_webp[4..8].copy_from_slice(&length);
    vec![
        (
            "exif with a place",
            with_segment(&plain_jpeg, 0xe1, &exif(1)),
        ),
        (
            "xmp",
            with_segment(
                &plain_jpeg,
                0xe1,
                &[b"http://ns.adobe.com/xap/1.0/\0".as_slice(), CANARY].concat(),
            ),
        ),
        ("a comment", with_segment(&plain_jpeg, 0xfe, CANARY)),
        (
            "a profile",
            with_segment(
                &plain_jpeg,
                0xe2,
                &[b"ICC_PROFILE\0\x01\x01".as_slice(), CANARY].concat(),
            ),
        ),
        ("jpeg and zip", [plain_jpeg.as_slice(), &zip].concat()),
        ("png and zip", [plain_png.as_slice(), &zip].concat()),
        (
            "png with a text",
            [&plain_png[..33], &chunk(b"tEXt", &text), &plain_png[33..]].concat(),
        ),
        (
            "png with notes",
            [
                &plain_png[..33],
                &chunk(b"eXIf", &exif(1)[6..]),
                &plain_png[33..],
            ]
            .concat(),
        ),
        (
            "png with a thing of its own",
            [&plain_png[..33], &chunk(b"caNy", CANARY), &plain_png[33..]].concat(),
        ),
        ("webp with notes", long_webp),
    ]
}

async fn of_a_file_only_what_can_be_seen_goes_out(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    for (name, bytes) in with_canaries() {
        assert!(holds(&bytes, CANARY), "{name}");
        let made = upload(&shop.node, &organisation, "", &bytes).await;
        assert_eq!(made.status, StatusCode::CREATED, "{name}: {made:?}");
        for raw in all_sizes(&shop.node, &made.good()).await {
            for trace in [
                CANARY,
                b"canary",
                b"Exif",
                b"xap",
                b"script",
                b"PK\x03\x04",
                b"ICC_PROFILE",
            ] {
                assert!(
                    !holds(&raw.body, trace),
                    "{name}: {}",
                    String::from_utf8_lossy(trace)
                );
            }
            assert_ne!(raw.body, bytes, "{name}");
        }
    }
    for file in blobs(shop.shelf()) {
        assert!(
            !holds(&std::fs::read(&file).unwrap(), b"canary"),
            "{}",
            file.display()
        );
    }
}

async fn a_picture_is_shown_as_it_was_held(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    // Red on the left, blue on the right, as the camera saw it.
    let seen = RgbImage::from_fn(80, 40, |x, _| {
        if x < 40 {
            Rgb([250, 0, 0])
        } else {
            Rgb([0, 0, 250])
        }
    });
    let file = jpeg(&DynamicImage::ImageRgb8(seen));
    let (left, right, top, bottom) = ((4, 20), (76, 20), (20, 4), (20, 76));
    for (turn, sides, red, blue) in [
        (1, (80, 40), left, right),
        (2, (80, 40), right, left),
        (3, (80, 40), right, left),
        (4, (80, 40), left, right),
        (5, (40, 80), top, bottom),
        (6, (40, 80), top, bottom),
        (7, (40, 80), bottom, top),
        (8, (40, 80), bottom, top),
        (9, (80, 40), left, right),
    ] {
        let bytes = with_segment(&file, 0xe1, &exif(turn));
        let made = upload(&shop.node, &organisation, "", &bytes).await.good();
        assert_eq!(
            (&made["width"], &made["height"]),
            (&json!(sides.0), &json!(sides.1))
        );
        let raw = &all_sizes(&shop.node, &made).await[0];
        let shown = image::load_from_memory(&raw.body).unwrap();
        assert_eq!(shown.dimensions(), sides, "turn {turn}");
        let colour = |(x, y): (u32, u32)| shown.get_pixel(x, y).0;
        assert!(colour(red)[0] > 200 && colour(red)[2] < 60, "turn {turn}");
        assert!(colour(blue)[2] > 200 && colour(blue)[0] < 60, "turn {turn}");
    }
}

async fn too_many_bytes_are_refused_whatever_is_said_of_them(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let most = 10 << 20;
    let mut large = jpeg(&photo(64, 48));
    large.resize(most, 0);
    upload(&shop.node, &organisation, "", &large).await.good();
    large.push(0);
    let said = upload(&shop.node, &organisation, "", &large).await;
    assert_eq!(said.code(), (413, "body_too_large"));
    let path = format!("/api/organisations/{organisation}/pictures");
    for (length, media_type, code) in [
        ("10", "application/octet-stream", "body_too_large"),
        ("99999999999", "application/octet-stream", "body_too_large"),
        ("-1", "application/octet-stream", "header_malformed"),
        ("10485761", "image/png", "media_type_unknown"),
        (
            "10485761",
            "multipart/form-data; boundary=x",
            "media_type_unknown",
        ),
    ] {
        let request = Request::post(&path)
            .header("host", "localhost")
            .header("authorization", OPERATOR)
            .header("x-acting-reason", "a test")
            .header("content-type", media_type)
            .header("content-length", length);
        let request = request.body(Full::new(Bytes::from(large.clone()))).unwrap();
        let raw = shop.node.send(request).await;
        let said: Value = serde_json::from_slice(&raw.body).unwrap();
        assert!(
            raw.status.is_client_error(),
            "{length} {media_type}: {said}"
        );
        if !(media_type.starts_with("image") || media_type.starts_with("multi")) {
            assert_eq!(said["code"], json!(code), "{length} {media_type}");
        }
    }
    let all = shop.get(&path).await.good();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

/// Whatever is changed in a file: it is taken or refused, and never a fault of ours.
async fn mutants_of_pictures_are_taken_or_refused(engine: Engine) {
    let shop = Shop::new(engine).await;
    let organisation = shop.organisation("Gruppo").await;
    let whole = photo(24, 18);
    let notes = with_segment(&jpeg(&whole), 0xe1, &exif(6));
    let originals = [notes, png(&whole), written(&whole, ImageFormat::WebP)];
    let mut state = 20_261_121_u64;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut taken = 0;
    for turn in 0..240 {
        let mut bytes = originals[turn % 3].clone();
        for _ in 0..=draw(4) {
            let at = draw(bytes.len());
            match draw(3) {
                0 => bytes[at] = draw(256) as u8,
                1 => bytes[at] ^= 1 << draw(8),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let said = upload(&shop.node, &organisation, "", &bytes).await;
        taken += usize::from(said.status == StatusCode::CREATED);
        assert!(
            matches!(said.code(), (201, "") | (422, "picture_refused")),
            "{turn}: {said:?}"
        );
    }
    assert!(taken > 10, "{taken}");
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The most memory that this process ever had.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
