#!/bin/sh
# A social investment fund places money in an effort, and is repaid out of what the effort saves.
#
#     examples/lives/repaid-fund/life.sh [--lang sv]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
story='repaid-fund'
. "$here/../common.sh"
contract=reading-coaches
payer=schools

say 'A town sets SEK 3 million aside in a fund. The schools may use it, and repay half of what they save' \
    'En kommun avsätter 3 miljoner kronor i en fond. Skolorna får använda den och återför halva besparingen'
key town.example/utfall log
for party in operator registrar deputy town fund schools provider evaluator; do
    key "$party.example" "$party"
done
cp "$here/../town/"*.json "$here"/party-*.json .
begin . 'log operator registrar deputy' town fund schools provider evaluator
add "$here/contract.json" schools fund provider evaluator
add "$here/funding.json" fund schools
u balance fund.example

say 'The first year saves SEK 700,000: half of it goes back' \
    'Första året sparar 700 000 kronor: hälften återförs'
add "$here/measurement-2026.json" evaluator
settle 2027-03-10 $contract 2026
pay 2027-04-28 $contract "$settled" repayment schools.example fund.example 350000.00 schools

say 'The second year saves more than is left to repay: the rest goes back, and no more' \
    'Andra året sparar mer än vad som är kvar att återföra: resten återförs, inte mer'
add "$here/measurement-2027.json" evaluator
settle 2028-03-10 $contract 2027
u explain $contract 2027
u balance $contract
pay 2028-04-28 $contract "$settled" repayment schools.example fund.example 550000.00 schools

say 'The fund is whole again' 'Fonden är hel igen'
u balance fund.example

say 'Who gained: measured in the accounts, and modelled for the region, apart' \
    'Vem som tjänade: mätt i redovisningen och beräknat för regionen, var för sig'
u balance $contract --gains
u show $contract
u verify --vkey "$(cat log.vkey)"
