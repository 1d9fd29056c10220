//! Losses that wait for their assessment.

use super::{
    Answer, Call,
    model::{Gate, Loss, Model},
    need,
};
use backstop_core::{command::DeclareLoss, policy::Cause, state::LossStatus};
use backstop_units::Hash;

impl Model {
    pub(super) fn declare(&mut self, call: &Call<'_>, c: &DeclareLoss) -> Answer {
        let market = self.market(c.market)?;
        if let Some(account) = c.account {
            self.account(account)?;
        }
        need(!c.estimate.is_zero(), "a loss of nothing")?;
        self.declared(call, market, c.cause, (c.estimate.get(), Hash::ZERO))
    }

    /// A loss that shuts the gates of the funds it may touch until somebody has assessed it.
    pub(super) fn declared(
        &mut self,
        call: &Call<'_>,
        market: usize,
        cause: Cause,
        (gross, evidence): (u128, Hash),
    ) -> Answer {
        let loss = self.losses.len();
        let fund = self.markets[market].fund;
        let until = call.now.plus(self.funds[fund].policy.declaration_lapse);
        for fund in self.touched(market) {
            let gates = &mut self.funds[fund].gates;
            need(gates.iter().filter(|gate| !gate.over).count() < 64, "too many open losses")?;
            gates.push(Gate { loss, from: call.now, until, over: false });
        }
        self.losses.push(Loss {
            market,
            cause,
            status: LossStatus::Declared,
            gross,
            evidence,
            lapses_at: until,
            rows: Vec::new(),
            claims: Vec::new(),
        });
        Ok(())
    }
}
