//! A look at HTTP/2 frames before h2 sees them: those that cost work and carry nothing may not come without end.
//!
//! h2 limits resets of streams that nobody has accepted, and frames that go on with a list of headers. It answers
//! every ping and every list of settings though, as fast as they come; so heaps of such frames end the connection.

use super::Settings;

const FRAME_HEAD: usize = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PREFACE_REST: usize = b"\r\nSM\r\n\r\n".len();
/// Frames that go on with one list of headers; our own limit on the list fits into two.
const CONTINUATIONS_MAX: u32 = 8;

#[derive(Debug)]
pub(super) struct Frames {
    head: [u8; FRAME_HEAD],
    head_len: usize,
    /// Bytes that belong to a frame already judged.
    skip: usize,
    headers: Headers,
    continuations: u32,
    /// How many more may come, in thousandths, so that little time earns its share too.
    left_milli: u64,
    counted_us: u64,
}

/// Whether a list of headers is being sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Headers {
    Ended,
    Last,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    /// It carries a request or a part of one.
    Useful,
    Continuation,
    /// It carries nothing.
    Idle,
    /// It lets us send more; an honest client sends one for every frame or two that it gets.
    Window,
}

impl Frames {
    pub(super) fn new(settings: &Settings, now_us: u64) -> Self {
        Self {
            head: [0; FRAME_HEAD],
            head_len: 0,
            skip: 0,
            headers: Headers::Ended,
            continuations: 0,
            left_milli: u64::from(settings.idle_frames_burst).saturating_mul(1000),
            counted_us: now_us,
        }
    }

    /// Begins behind the first line of the preface, which was how HTTP/2 was found out.
    pub(super) fn after_first_line(settings: &Settings, now_us: u64) -> Self {
        Self {
            skip: PREFACE_REST,
            ..Self::new(settings, now_us)
        }
    }

    /// Reads what has come; fails when there is a flood.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        settings: &Settings,
        now_us: u64,
    ) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip = self.skip.saturating_sub(skipped);
            bytes = bytes.get(skipped..).unwrap_or_default();
            let wanted = FRAME_HEAD.saturating_sub(self.head_len).min(bytes.len());
            let (part, rest) = bytes.split_at(wanted);
            let end = self.head_len.saturating_add(wanted);
            if let Some(room) = self.head.get_mut(self.head_len..end) {
                room.copy_from_slice(part);
            }
            self.head_len = end;
            bytes = rest;
            if self.head_len == FRAME_HEAD {
                self.head_len = 0;
                self.judge(settings, now_us)?;
            }
        }
        Ok(())
    }

    /// Whether a list of headers has begun and not ended.
    pub(super) fn in_headers(&self) -> bool {
        match self.headers {
            Headers::Ended => false,
            Headers::Last => self.skip > 0,
            Headers::Open => true,
        }
    }

    fn judge(&mut self, settings: &Settings, now_us: u64) -> Result<(), &'static str> {
        let [high, middle, low, kind, flags, ..] = self.head;
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.skip = length;
        let sort = sort(kind, flags, length);
        self.headers = match (kind, flags & END_HEADERS) {
            (1 | 9, 0) => Headers::Open,
            (1 | 9, _) => Headers::Last,
            _ => Headers::Ended,
        };
        self.continuations = match sort {
            Sort::Continuation => self.continuations.saturating_add(1),
            Sort::Useful | Sort::Idle | Sort::Window => 0,
        };
        if self.continuations > CONTINUATIONS_MAX {
            return Err("a list of headers goes on and on");
        }
        let price = match sort {
            Sort::Useful | Sort::Continuation => return Ok(()),
            Sort::Idle => 1000,
            Sort::Window => 25,
        };
        self.earn(settings, now_us);
        self.left_milli = self
            .left_milli
            .checked_sub(price)
            .ok_or("frames come that carry nothing")?;
        Ok(())
    }

    fn earn(&mut self, settings: &Settings, now_us: u64) {
        let passed = now_us.saturating_sub(self.counted_us);
        self.counted_us = now_us;
        let earned = passed.saturating_mul(settings.idle_frames_per_second.into()) / 1000;
        let most = u64::from(settings.idle_frames_burst).saturating_mul(1000);
        self.left_milli = self.left_milli.saturating_add(earned).min(most);
    }
}

fn sort(kind: u8, flags: u8, length: usize) -> Sort {
    match kind {
        0 if length == 0 && flags & END_STREAM == 0 => Sort::Idle,
        0 | 1 => Sort::Useful,
        8 => Sort::Window,
        9 => Sort::Continuation,
        // Priorities, resets, settings, pings, goodbyes, and what nobody knows.
        _ => Sort::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0, (length >> 8) as u8, length as u8, kind, 0, 0, 0, 0, 1];
        bytes.resize(FRAME_HEAD + length, 0);
        bytes
    }

    #[test]
    fn floods_are_seen_however_the_bytes_are_cut() {
        let settings = Settings::default();
        let flood = |kind, length, number| -> Vec<u8> {
            std::iter::repeat_n(frame(kind, length), number)
                .flatten()
                .collect()
        };
        for (kind, length, most) in [
            (6, 8, 1000),
            (4, 0, 1000),
            (3, 4, 1000),
            (0, 0, 1000),
            (9, 5, 8),
            (8, 4, 40_000),
        ] {
            for cut in [1, 7, 1000] {
                let read = |number| {
                    let mut frames = Frames::new(&settings, 1);
                    let bytes = flood(kind, length, number);
                    bytes
                        .chunks(cut)
                        .try_for_each(|part| frames.read(part, &settings, 1))
                };
                assert_eq!(read(most), Ok(()), "{kind} {cut}");
                assert!(read(most + 1).is_err(), "{kind} {cut}");
            }
        }
    }

    #[test]
    fn time_earns_more_and_what_carries_something_is_free() {
        let settings = Settings::default();
        let mut frames = Frames::new(&settings, 0);
        for millisecond in 0..20_000_u64 {
            if millisecond % 10 == 0 {
                frames
                    .read(&frame(6, 8), &settings, millisecond * 1000)
                    .unwrap();
            }
            frames
                .read(&frame(0, 100), &settings, millisecond * 1000)
                .unwrap();
        }
    }
}
