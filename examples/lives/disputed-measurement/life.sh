#!/bin/sh
# A measurement is disputed and corrected; what does not depend on it is paid meanwhile.
#
#     examples/lives/disputed-measurement/life.sh [--lang sv]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
story='disputed-measurement'
. "$here/../common.sh"
contract=youth-home

say 'A town, an investor, a youth centre and an evaluator sign a contract' \
    'En kommun, en finansiär, ett ungdomscentrum och en utvärderare signerar ett kontrakt'
key town.example/utfall log
for party in operator registrar deputy town investor provider evaluator; do
    key "$party.example" "$party"
done
begin "$here/../town" 'log operator registrar deputy' town investor provider evaluator
add "$here/contract.json" town investor provider evaluator
add "$here/funding.json" investor town
tell '   Half of what is saved is paid to the investor; each family meeting is paid to the centre.' \
    '   Halva besparingen betalas till finansiären; varje familjemöte betalas till centret.'

say 'The first year is measured and settled' 'Första året mäts och avräknas'
add "$here/measurement-2026.json" evaluator
measured=$id
settle 2027-03-10 $contract 2026
first=$settled

say 'The town contests the saving: six placements were counted twice' \
    'Kommunen bestrider besparingen: sex placeringar räknades två gånger'
cat > dispute.json <<JSON
{
  "kind": "dispute", "version": 1, "date": "2027-03-20", "contract": "$contract",
  "measurement": "$measured", "outcomes": ["saving"], "by": "town.example",
  "why": {"en": "Six placements are in the accounts of two units and were counted twice.",
          "sv": "Sex placeringar står i två enheters redovisning och räknades två gånger."}
}
JSON
add dispute.json town
disputed=$id

say 'What depends on the saving waits. The meetings are not in doubt, and are paid' \
    'Det som beror på besparingen väntar. Mötena är ostridiga och betalas'
cat > too-soon.json <<JSON
{
  "kind": "payment", "version": 1, "date": "2027-04-30", "contract": "$contract",
  "settlement": "$first", "pay": "payout", "from": "town.example", "to": "investor.example",
  "amount": {"amount": "300000.00", "currency": "SEK"}, "paid_on": "2027-04-30", "reference": "x"
}
JSON
sign too-soon.json too-soon.note town
refused submit too-soon.note
pay 2027-04-30 $contract "$first" fee town.example provider.example 180000.00 town
u show $contract

say 'Payer and investor uphold the dispute, and the evaluator corrects the number' \
    'Betalaren och finansiären bifaller tvisten, och utvärderaren rättar talet'
cat > decision.json <<JSON
{
  "kind": "decision", "version": 1, "date": "2027-05-10", "contract": "$contract",
  "dispute": "$disputed", "decision": "upheld", "by": "town.example",
  "why": {"en": "The evaluator counts again.", "sv": "Utvärderaren räknar om."}
}
JSON
add decision.json town investor
cat > correction.json <<JSON
{
  "kind": "correction", "version": 1, "date": "2027-05-20", "contract": "$contract",
  "corrects": "$measured", "evaluator": "evaluator.example",
  "values": [{"outcome": "saving", "value": "420000"}],
  "why": {"en": "The six placements are counted once.",
          "sv": "De sex placeringarna räknas en gång."}
}
JSON
add correction.json evaluator

say 'The period is settled again: SEK 90,000 less. Nothing is paid back; it becomes a credit' \
    'Perioden avräknas igen: 90 000 kronor mindre. Inget betalas tillbaka; det blir en kredit'
settle 2027-05-28 $contract 2026
u explain $contract 2026
pay 2027-06-15 $contract "$first" payout town.example investor.example 300000.00 town

say 'The second year: the credit is deducted from what the investor is owed' \
    'Andra året: krediten dras av från det finansiären ska ha'
add "$here/measurement-2027.json" evaluator
settle 2028-03-10 $contract 2027
pay 2028-04-28 $contract "$settled" payout town.example investor.example 160000.00 town
pay 2028-04-28 $contract "$settled" fee town.example provider.example 150000.00 town

say 'The whole story, and the proof of it' 'Hela historien, och beviset för den'
u show $contract
u verify --vkey "$(cat log.vkey)"
