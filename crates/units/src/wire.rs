//! How a quantity is written: its length in bytes, then so many bytes, the lowest first.
//!
//! Most amounts need five or six of their sixteen bytes, and a record holds a dozen of them. One value
//! has one encoding: a length that is longer than needed is refused.

use borsh::io::{Error, ErrorKind, Read, Result, Write};

/// Bytes of the widest quantity.
const WIDEST: usize = 16;

/// Writes an unsigned integer.
#[inline]
pub(crate) fn write<W: Write>(value: u128, to: &mut W) -> Result<()> {
    let bytes = value.to_le_bytes();
    let used = value.checked_ilog2().map_or(0, |bits| bits >> 3).saturating_add(1);
    let used = if value == 0 { 0 } else { used };
    let mut written = [0; WIDEST + 1];
    let Some((length, rest)) = written.split_first_mut() else { return Ok(()) };
    *length = used.to_le_bytes()[0];
    rest.copy_from_slice(&bytes);
    let end = usize::try_from(used).map_or(WIDEST, |used| used.min(WIDEST));
    to.write_all(written.get(..=end).unwrap_or(&written))
}

/// Reads an unsigned integer.
#[inline]
pub(crate) fn read<R: Read>(from: &mut R) -> Result<u128> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut bytes = [0; WIDEST];
    let [length] = length;
    let Some(used) = bytes.get_mut(..usize::from(length)) else {
        return Err(Error::new(ErrorKind::InvalidData, "a quantity of over 16 bytes"));
    };
    from.read_exact(used)?;
    if used.last() == Some(&0) {
        return Err(Error::new(ErrorKind::InvalidData, "a quantity with needless bytes"));
    }
    Ok(u128::from_le_bytes(bytes))
}

/// Writes a signed integer: twice the value, or twice the rest to −1 plus one, so that small values
/// of either sign stay short.
#[inline]
pub(crate) fn write_signed<W: Write>(value: i128, to: &mut W) -> Result<()> {
    write(((value << 1) ^ (value >> 127)).cast_unsigned(), to)
}

/// Reads a signed integer.
#[inline]
pub(crate) fn read_signed<R: Read>(from: &mut R) -> Result<i128> {
    let folded = read(from)?;
    let sign = if folded & 1 == 1 { -1 } else { 0 };
    Ok((folded >> 1).cast_signed() ^ sign)
}

#[cfg(test)]
mod tests {
    use crate::{Amount, Signed};
    use std::vec::Vec;

    #[test]
    fn every_value_has_one_encoding() {
        let cases: [(u128, &[u8]); 5] = [
            (0, &[0]),
            (1, &[1, 1]),
            (255, &[1, 255]),
            (256, &[2, 0, 1]),
            (
                u128::MAX,
                &[
                    16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                    255,
                ],
            ),
        ];
        for (value, bytes) in cases {
            assert_eq!(borsh::to_vec(&Amount::new(value)).unwrap(), bytes, "{value}");
            assert_eq!(borsh::from_slice::<Amount>(bytes).unwrap(), Amount::new(value));
        }
        let foreign: [&[u8]; 5] = [&[], &[1], &[1, 0], &[2, 1, 0], &[17]];
        for bytes in foreign {
            assert!(borsh::from_slice::<Amount>(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn every_width_comes_back() {
        let edges = (0..128).flat_map(|bit| [(1_u128 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        for value in edges.chain([u128::MAX]) {
            let bytes = borsh::to_vec(&Amount::new(value)).unwrap();
            assert_eq!(borsh::from_slice::<Amount>(&bytes).unwrap().get(), value);
            let signed: Vec<i128> =
                [value.cast_signed(), value.cast_signed().wrapping_neg()].into();
            for value in signed {
                let bytes = borsh::to_vec(&Signed::new(value)).unwrap();
                assert_eq!(borsh::from_slice::<Signed>(&bytes).unwrap().get(), value);
            }
        }
        assert_eq!(borsh::to_vec(&Signed::new(-1)).unwrap(), [1, 1]);
        assert_eq!(borsh::to_vec(&Signed::new(1)).unwrap(), [1, 2]);
    }
}
