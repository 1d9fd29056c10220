//! Money that comes in through custody.

use crate::{error::RiskError, ledger::Ledger};
use backstop_core::{
    Body, Event,
    command::{BeginTransfer, Direction, Outcome, Party, ResolveTransfer},
};
use backstop_units::{Amount, Label, Timestamp};

/// Brings money in, announced and confirmed, to free balances.
pub(crate) fn bring_in(
    (custodian, asset): (Label, Label),
    payments: &[(Label, Amount)],
    at: Timestamp,
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let begin = |(account, amount): &(Label, Amount)| {
        let transfer = BeginTransfer {
            direction: Direction::In,
            party: Party::Account(*account),
            asset,
            amount: *amount,
            reference: *account,
        };
        transfer.into()
    };
    let events = ledger.send_all(at, custodian, payments.iter().map(begin).collect())?;
    let confirm = |event: &Event| -> Option<Body> {
        match event {
            Event::TransferBegun { transfer, .. } => {
                Some(ResolveTransfer { transfer: *transfer, outcome: Outcome::Confirmed }.into())
            }
            _ => None,
        }
    };
    ledger.send_all(at, custodian, events.iter().filter_map(confirm).collect())?;
    Ok(())
}
