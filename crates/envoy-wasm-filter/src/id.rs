//! Interaction ids for requests that come without one.

use std::rc::Rc;

use crate::host::Host;

const ID: usize = 16;
/// For how many ids random bytes are drawn at a time: each draw is a call of the host.
const SUPPLY: usize = 32;

/// New ids: UUIDs (RFC 9562, version 4).
pub(crate) struct Ids {
    random: [[u8; ID]; SUPPLY],
    left: usize,
}

impl Ids {
    pub(crate) const fn new() -> Self {
        Self {
            random: [[0; ID]; SUPPLY],
            left: 0,
        }
    }

    pub(crate) fn next(&mut self, host: &impl Host) -> Rc<str> {
        if self.left == 0 {
            // Without random bytes an id names nothing, and nothing depends on it.
            let _ = host.random(self.random.as_flattened_mut());
            self.left = SUPPLY;
        }
        self.left = self.left.saturating_sub(1);
        self.random.get(self.left).map_or_else(Rc::default, uuid)
    }
}

fn uuid(random: &[u8; ID]) -> Rc<str> {
    let mut bytes = *random;
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text.into()
}
