//! Proposals: signatures over time, and the timelock.

use super::{
    Answer, Call, No,
    model::{Model, Proposal},
    need, refuse,
    rights::Right,
};
use backstop_core::{Body, command::Propose, policy::Role};

impl Model {
    pub(super) fn governance_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::Propose(c) => self.propose(call, c),
            Body::Approve(c) => {
                let at = self.open_proposal(c.proposal.get())?;
                need(call.approved, "an approval without a signature")?;
                self.sign(call, at)
            }
            Body::Execute(c) => self.execute(call, c.proposal.get()),
            Body::CancelProposal(c) => {
                let at = self.open_proposal(c.proposal.get())?;
                let own = call.actor == Some(self.proposals[at].by);
                need(own || self.has(call, &[Role::Guardian]), "not the proposer")?;
                self.proposals[at].closed = true;
                Ok(())
            }
            _ => refuse("not about governance"),
        }
    }

    fn open_proposal(&self, proposal: u32) -> Result<usize, No> {
        let at = usize::try_from(proposal).map_err(|_| No::Refused("unknown proposal"))?;
        let found = self.proposals.get(at).filter(|proposal| !proposal.closed);
        found.map(|_| at).ok_or(No::Refused("no open proposal"))
    }

    fn propose(&mut self, call: &Call<'_>, c: &Propose) -> Answer {
        let nested = matches!(
            *c.body,
            Body::Propose(_) | Body::Approve(_) | Body::Execute(_) | Body::Linked(_)
        );
        need(!nested, "nested")?;
        // Where no council signs, the operator decides, and nobody else may in his place.
        let proposers: &[Role] = match self.council.0 {
            0 => &[Role::Operator],
            _ => &[Role::Operator, Role::Council, Role::Risk, Role::Guardian],
        };
        need(self.has(call, proposers), "may not propose")?;
        let Right::Council(delay) = self.right(&c.body)? else { return refuse("needs no council") };
        need(self.council.0 == 0 || c.nonce > self.nonce, "a used nonce")?;
        need(call.now < c.expires_at, "expired")?;
        // What was signed on a proposal goes with it, so the same one can't come back.
        let mut closed = self.proposals.iter().filter(|proposal| proposal.closed);
        let same =
            closed.any(|p| p.body == *c.body && p.nonce == c.nonce && p.expires_at == c.expires_at);
        need(self.council.0 == 0 || !same, "a closed proposal filed again")?;
        self.proposals.push(Proposal {
            by: call.actor.ok_or(No::Refused("nobody"))?,
            body: (*c.body).clone(),
            expires_at: c.expires_at,
            nonce: c.nonce,
            delay,
            keys: Vec::new(),
            ready_at: None,
            closed: false,
        });
        self.sign(call, self.proposals.len() - 1)
    }

    fn sign(&mut self, call: &Call<'_>, at: usize) -> Answer {
        let members = call.keys.iter().all(|key| (1..=self.council.0).contains(key));
        need(members, "a stranger's signature")?;
        let (council, last) = (self.council.0, self.nonce);
        let threshold = usize::from(self.council.1);
        let proposal = &mut self.proposals[at];
        need(call.now < proposal.expires_at, "expired")?;
        for key in &call.keys {
            if !proposal.keys.contains(key) {
                proposal.keys.push(*key);
            }
        }
        if proposal.ready_at.is_none() && proposal.keys.len() >= threshold {
            // A quorum uses up the nonce; without a council there is none to use up.
            if council > 0 {
                need(proposal.nonce > last, "a used nonce")?;
                self.nonce = proposal.nonce;
            }
            proposal.ready_at = Some(call.now.plus(proposal.delay));
        }
        Ok(())
    }

    fn execute(&mut self, call: &mut Call<'_>, proposal: u32) -> Answer {
        let at = self.open_proposal(proposal)?;
        let found = &mut self.proposals[at];
        need(call.now < found.expires_at, "expired")?;
        need(found.ready_at.is_some_and(|ready_at| call.now >= ready_at), "not ready")?;
        found.closed = true;
        let body = found.body.clone();
        call.granted = true;
        self.body(call, &body)
    }
}
