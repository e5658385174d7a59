//! How is a zip archive written to somebody who cannot seek back in it?
//!
//! Sizes and checksums stand behind each member, in a data descriptor. They are written with 64 bits only where a
//! member or its place needs them: spreadsheets distrust small archives that claim to be large ones.

use std::io::{self, Write as _};

use flate2::{Compression, Crc, write::DeflateEncoder};

/// The largest number that 32 bits hold; as a size it says "see the 64-bit field".
const SEE_64_BITS: u32 = u32::MAX;
/// 1980-01-01 00:00, the first moment a zip archive knows: the same rows make the same file.
const FIRST_DAY: [u8; 4] = [0, 0, 0x21, 0];
/// A data descriptor follows (bit 3), and names are UTF-8 (bit 11).
const FLAGS: u16 = 0x0808;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;
const VERSION_OF_64_BITS: u16 = 45;

#[derive(Debug)]
pub(crate) struct Archive {
    out: Vec<u8>,
    /// Bytes written since the beginning, those taken away among them.
    written: u64,
    deflate: DeflateEncoder<Vec<u8>>,
    checksum: Crc,
    members: Vec<Member>,
    /// Beyond this, sizes and places need 64 bits.
    most: u64,
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    at: u64,
    checksum: u32,
    packed: u64,
    plain: u64,
}

impl Archive {
    pub(crate) fn new() -> Archive {
        Archive {
            out: Vec::new(),
            written: 0,
            deflate: DeflateEncoder::new(Vec::new(), Compression::fast()),
            checksum: Crc::new(),
            members: Vec::new(),
            most: u64::from(SEE_64_BITS) - 1,
        }
    }

    /// What can be taken away without waiting for more.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len() + self.deflate.get_ref().len()
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.drain();
        std::mem::take(&mut self.out)
    }

    /// Everything written until the next `end` belongs to this member.
    pub(crate) fn begin(&mut self, name: &'static str) {
        self.members.push(Member { name, at: self.written, checksum: 0, packed: 0, plain: 0 });
        self.checksum.reset();
        let mut header = Header::new(0x0403_4b50);
        header.two(VERSION).two(FLAGS).two(DEFLATED).bytes(&FIRST_DAY).four(0).four(0).four(0);
        header.two(length(name)).two(0).bytes(name.as_bytes());
        self.append(&header.0);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        if let Some(member) = self.members.last_mut() {
            member.plain += bytes.len() as u64;
        }
        self.deflate.write_all(bytes)
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.deflate.try_finish()?;
        self.drain();
        self.deflate.reset(Vec::new())?;
        let (checksum, most) = (self.checksum.sum(), self.most);
        let Some(member) = self.members.last_mut() else {
            return Ok(());
        };
        member.checksum = checksum;
        let mut descriptor = Header::new(0x0807_4b50);
        descriptor.four(checksum);
        if member.sizes_need_64_bits(most) {
            descriptor.eight(member.packed).eight(member.plain);
        } else {
            descriptor.four(low(member.packed)).four(low(member.plain));
        }
        self.append(&descriptor.0);
        Ok(())
    }

    /// Writes the directory, without which there is no archive.
    pub(crate) fn finish(&mut self) {
        let start = self.written;
        for index in 0..self.members.len() {
            let header = self.members[index].directory_entry(self.most);
            self.append(&header.0);
        }
        let (size, count) = (self.written - start, self.members.len() as u64);
        let needs_64_bits = start > self.most || self.members.iter().any(|member| member.needs_64_bits(self.most));
        if needs_64_bits {
            let at = self.written;
            let mut end = Header::new(0x0606_4b50);
            end.eight(44).two(VERSION_OF_64_BITS).two(VERSION_OF_64_BITS).four(0).four(0);
            end.eight(count).eight(count).eight(size).eight(start);
            end.four(0x0706_4b50).four(0).eight(at).four(1);
            self.append(&end.0);
        }
        let mut end = Header::new(0x0605_4b50);
        let count = low(count) as u16;
        end.two(0).two(0).two(count).two(count).four(low(size));
        end.four(if needs_64_bits { SEE_64_BITS } else { low(start) }).two(0);
        self.append(&end.0);
    }

    fn append(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.written += bytes.len() as u64;
    }

    /// Moves on what the compressor has let go of.
    fn drain(&mut self) {
        let packed = std::mem::take(self.deflate.get_mut());
        if let Some(member) = self.members.last_mut() {
            member.packed += packed.len() as u64;
        }
        self.written += packed.len() as u64;
        if self.out.is_empty() {
            self.out = packed;
        } else {
            self.out.extend_from_slice(&packed);
        }
    }
}

impl Member {
    fn sizes_need_64_bits(&self, most: u64) -> bool {
        self.packed > most || self.plain > most
    }

    fn needs_64_bits(&self, most: u64) -> bool {
        self.sizes_need_64_bits(most) || self.at > most
    }

    fn directory_entry(&self, most: u64) -> Header {
        let is_large = self.needs_64_bits(most);
        let version = if is_large { VERSION_OF_64_BITS } else { VERSION };
        let short = |number: u64| if is_large { SEE_64_BITS } else { low(number) };
        let mut header = Header::new(0x0201_4b50);
        header.two(version).two(version).two(FLAGS).two(DEFLATED).bytes(&FIRST_DAY).four(self.checksum);
        header.four(short(self.packed)).four(short(self.plain)).two(length(self.name)).two(if is_large { 28 } else { 0 });
        header.two(0).two(0).two(0).four(0).four(short(self.at)).bytes(self.name.as_bytes());
        if is_large {
            header.two(1).two(24).eight(self.plain).eight(self.packed).eight(self.at);
        }
        header
    }
}

/// One of the format's records: numbers with their least byte first.
struct Header(Vec<u8>);

impl Header {
    fn new(signature: u32) -> Header {
        Header(signature.to_le_bytes().to_vec())
    }

    fn two(&mut self, number: u16) -> &mut Header {
        self.bytes(&number.to_le_bytes())
    }

    fn four(&mut self, number: u32) -> &mut Header {
        self.bytes(&number.to_le_bytes())
    }

    fn eight(&mut self, number: u64) -> &mut Header {
        self.bytes(&number.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Header {
        self.0.extend_from_slice(bytes);
        self
    }
}

/// A number that was found to fit.
fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(SEE_64_BITS)
}

/// The names are this module's callers' own, and short.
fn length(name: &'static str) -> u16 {
    name.len() as u16
}

#[cfg(test)]
impl Archive {
    /// An archive that thinks of everything beyond `most` bytes as large.
    pub(crate) fn needing_64_bits_beyond(most: u64) -> Archive {
        Archive { most, ..Archive::new() }
    }
}
