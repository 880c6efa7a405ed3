#!/bin/sh
# A key is lost and replaced; what it signed stays, and what it signs later is refused.
#
#     examples/lives/lost-key/life.sh [--lang sv]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
story='lost-key'
. "$here/../common.sh"
drafts=$here/../disputed-measurement
contract=youth-home

say 'A contract is signed, financed and measured' 'Ett kontrakt signeras, finansieras och mäts'
key town.example/utfall log
for party in operator registrar deputy town investor provider evaluator; do
    key "$party.example" "$party"
done
begin "$here/../town" 'log operator registrar deputy' town investor provider evaluator
add "$drafts/contract.json" town investor provider evaluator
add "$drafts/funding.json" investor town
add "$drafts/measurement-2026.json" evaluator

say "The evaluator's laptop is lost, and its only key with it. The charter says how many registrars replace it: two" \
    'Utvärderarens dator är borta, och med den enda nyckeln. Stadgan säger hur många registratorer som ersätter den: två'
mv evaluator.key lost.key
mv evaluator.vkey lost.vkey
key evaluator.example evaluator
cat > replace.json <<JSON
{
  "kind": "key", "version": 1, "date": "2027-03-10", "party": "evaluator.example",
  "action": "replace", "replaces": "$(cat lost.vkey)", "vkey": "$(cat evaluator.vkey)",
  "reason": {"en": "The laptop with the key was lost on the train.",
             "sv": "Datorn med nyckeln glömdes på tåget."}
}
JSON

say 'One registrar alone cannot do it' 'En registrator ensam kan inte göra det'
sign replace.json replace.note registrar
refused submit replace.note

say 'Both together can' 'Båda tillsammans kan'
sign replace.note replace.note deputy
submit replace.note

say 'Whoever finds the laptop signs another result with the lost key, and is refused' \
    'Den som hittar datorn signerar ett annat resultat med den borttappade nyckeln, och avvisas'
sed 's/"2026"/"2027"/; s/600000/2000000/' "$drafts/measurement-2026.json" > forged.json
sign forged.json forged.note lost
refused submit forged.note

say 'What the lost key signed while it was valid stays, and life goes on with the new one' \
    'Det som den borttappade nyckeln signerade medan den gällde står kvar, och livet går vidare med den nya'
settle 2027-04-02 $contract 2026
pay 2027-04-30 $contract "$settled" payout town.example investor.example 300000.00 town

say 'The whole story, and which key signed when' 'Hela historien, och vilken nyckel som signerade när'
u show 7
u show $contract
u verify --vkey "$(cat log.vkey)" --signatures
