//! Numbers as SQLite keeps them.

use backstop_core::ledger::LedgerAccount;
use backstop_units::Amount;
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef},
};

/// An amount as SQLite keeps it: an integer while it fits, else sixteen bytes, most significant first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Atoms(pub(super) Amount);

impl ToSql for Atoms {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = self.0.get();
        Ok(match i64::try_from(number) {
            Ok(small) => small.into(),
            Err(_) => ToSqlOutput::Owned(Value::Blob(number.to_be_bytes().to_vec())),
        })
    }
}

impl FromSql for Atoms {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = match value {
            ValueRef::Integer(small) => {
                u128::try_from(small).map_err(|_| FromSqlError::OutOfRange(small))?
            }
            ValueRef::Blob(bytes) => {
                u128::from_be_bytes(bytes.try_into().map_err(|_| FromSqlError::InvalidType)?)
            }
            _ => return Err(FromSqlError::InvalidType),
        };
        Ok(Self(Amount::new(number)))
    }
}

/// A number below 2^63 as SQLite keeps it. No count of records comes near.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was stored by [`to_sql`].
pub(super) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A handle that was stored as a number.
pub(super) fn handle(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// An account of the ledger as one number: its kind, then its handle, as its encoding has them.
pub(super) fn account_key(account: LedgerAccount) -> i64 {
    let mut bytes = [0; 5];
    let mut rest = bytes.as_mut_slice();
    // Five bytes are what every account encodes to.
    let _ = borsh::BorshSerialize::serialize(&account, &mut rest);
    let [kind, id @ ..] = bytes;
    i64::from(kind) << 32 | i64::from(u32::from_le_bytes(id))
}

/// The account that a number of [`account_key`] stands for.
pub(super) fn account_of(key: i64) -> Option<LedgerAccount> {
    let kind = u8::try_from(key >> 32).ok()?;
    let id = u32::try_from(key & i64::from(u32::MAX)).ok()?;
    let [a, b, c, d] = id.to_le_bytes();
    borsh::from_slice(&[kind, a, b, c, d]).ok()
}

/// Appends a number in groups of seven bits, the lowest first.
pub(super) fn put_varint(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        to.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    to.push(low);
}

/// Takes a number of [`put_varint`]; none when the bytes end or it is too long.
pub(super) fn take_varint(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use LedgerAccount as L;
    use backstop_units::{AccountId, FundId, MarketId};

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            let mut rest = bytes.as_slice();
            assert_eq!((take_varint(&mut rest), rest), (Some(number), &[][..]));
            assert_eq!(take_varint(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(take_varint(&mut &[0xff; 11][..]), None);
        for account in [
            L::Reserve(FundId::new(7)),
            L::Balance(AccountId::new(u32::MAX)),
            L::ByEquity(MarketId::new(0)),
        ] {
            assert_eq!(account_of(account_key(account)), Some(account));
        }
        assert_eq!(account_of(-1), None);
        assert_eq!(account_of(99 << 32), None);
    }
}
