#include "ledger/log/policy.h"

#include "ledger/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* What a parser carries from line to line. */
struct reader {
    struct policy *policy;
    size_t line; /* from 1 */
    bool has_quorum;
    struct failure *failure;
};

static enum status fail_line(const struct reader *reader, enum status status, const char *reason)
{
    char place[FAILURE_AT_SIZE];
    (void)snprintf(place, sizeof place, "line %zu", reader->line);
    return fail(reader->failure, status, place, "%s", failure_format(reason));
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Cuts the next item off `*line`; false when there is none. */
static bool next_item(struct view *line, struct view *ret_item)
{
    size_t start = 0;
    while (start < line->size && is_blank(line->data[start])) {
        start++;
    }
    size_t end = start;
    while (end < line->size && !is_blank(line->data[end])) {
        end++;
    }
    if (start == end) {
        return false;
    }
    *ret_item = (struct view){.data = line->data + start, .size = end - start};
    *line = (struct view){.data = line->data + end, .size = line->size - end};
    return true;
}

/* "The only allowed control characters are tab and newline". */
static bool octets_valid(struct view line)
{
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static size_t find_node(const struct policy *policy, struct view name)
{
    for (size_t i = 0; i < policy->node_count; i++) {
        if (view_equal(policy->nodes[i].name, name)) {
            return i;
        }
    }
    return POLICY_NONE;
}

/* Reads the optional last item of a line. */
static enum status read_url(const struct reader *reader, struct view line, struct view *ret_url)
{
    struct view url = VIEW("");
    struct view more;
    if (next_item(&line, &url) && next_item(&line, &more)) {
        return fail_line(reader, STATUS_INVALID, "there is something after the URL");
    }
    *ret_url = url;
    return STATUS_OK;
}

/* Puts the line in front of what was wrong with a vkey. */
static enum status vkey_failed(const struct reader *reader, enum status status)
{
    char place[FAILURE_AT_SIZE];
    (void)snprintf(place, sizeof place, "line %zu", reader->line);
    if (reader->failure != NULL) {
        failure_prefix(reader->failure, place);
    }
    return status;
}

static enum status read_log(struct reader *reader, struct view line)
{
    struct policy *policy = reader->policy;
    struct view vkey;
    if (!next_item(&line, &vkey)) {
        return fail_line(reader, STATUS_INVALID, "a log line is: log <vkey> [url]");
    }
    if (policy->log_count == POLICY_LOGS_MAX) {
        return fail_line(reader, STATUS_LIMIT, "there are too many logs");
    }
    struct policy_log *log = &policy->logs[policy->log_count];
    enum status parsed = note_key_parse(vkey, &log->key, reader->failure);
    if (parsed != STATUS_OK) {
        return vkey_failed(reader, parsed);
    }
    if (log->key.type != NOTE_KEY_ED25519) {
        return fail_line(reader, STATUS_INVALID,
                         "the vkey is that of a witness (type 0x04): a log has one of type 0x01");
    }
    for (size_t i = 0; i < policy->log_count; i++) {
        if (public_key_equal(&policy->logs[i].key.key, &log->key.key)) {
            return fail_line(reader, STATUS_INVALID, "another log has the same public key");
        }
    }
    TRY(read_url(reader, line, &log->url));
    policy->log_count++;
    return STATUS_OK;
}

/* Checks a new name and the room for it. */
static enum status check_new_name(const struct reader *reader, struct view name)
{
    if (view_is(name, "none")) {
        return fail_line(reader, STATUS_INVALID, "the name none is reserved for the quorum");
    }
    if (find_node(reader->policy, name) != POLICY_NONE) {
        return fail_line(reader, STATUS_INVALID, "the name is defined already");
    }
    return STATUS_OK;
}

static void add_node(struct policy *policy, struct view name, size_t witness, size_t threshold)
{
    assert(policy->node_count < POLICY_NODES_MAX);
    policy->nodes[policy->node_count] = (struct policy_node){
        .name = name, .witness = witness, .threshold = threshold, .parent = POLICY_NONE};
    policy->node_count++;
}

static enum status check_new_cosigner(const struct reader *reader, const struct cosigner *cosigner)
{
    for (size_t i = 0; i < reader->policy->witness_count; i++) {
        const struct cosigner *other = &reader->policy->witnesses[i].cosigner;
        if (cosigner_same_key(other, cosigner)) {
            return fail_line(reader, STATUS_INVALID, "another witness has the same public key");
        }
        if (other->id == cosigner->id && strcmp(other->name, cosigner->name) == 0) {
            return fail_line(reader, STATUS_INVALID,
                             "another witness has the same name and key id");
        }
    }
    return STATUS_OK;
}

static enum status read_witness(struct reader *reader, struct view line)
{
    struct policy *policy = reader->policy;
    struct view name;
    struct view vkey;
    if (!next_item(&line, &name) || !next_item(&line, &vkey)) {
        return fail_line(reader, STATUS_INVALID, "a witness line is: witness <name> <vkey> [url]");
    }
    if (policy->witness_count == POLICY_WITNESSES_MAX) {
        return fail_line(reader, STATUS_LIMIT, "there are too many witnesses");
    }
    TRY(check_new_name(reader, name));
    struct policy_witness *witness = &policy->witnesses[policy->witness_count];
    witness->name = name;
    enum status parsed = cosigner_parse(vkey, &witness->cosigner, reader->failure);
    if (parsed != STATUS_OK) {
        return vkey_failed(reader, parsed);
    }
    TRY(check_new_cosigner(reader, &witness->cosigner));
    TRY(read_url(reader, line, &witness->url));
    add_node(policy, name, policy->witness_count, 0);
    policy->witness_count++;
    return STATUS_OK;
}

/* Reads the members of the group that becomes the next node. */
static enum status read_members(struct reader *reader, struct view line, size_t *ret_count)
{
    struct policy *policy = reader->policy;
    struct view name;
    size_t count = 0;
    while (next_item(&line, &name)) { /* bounded by the line */
        size_t member = find_node(policy, name);
        if (member == POLICY_NONE) {
            return fail_line(reader, STATUS_INVALID,
                             "a member of the group is not defined on an earlier line");
        }
        if (policy->nodes[member].parent != POLICY_NONE) {
            return fail_line(reader, STATUS_INVALID,
                             "a name is a member of a group more than once");
        }
        policy->nodes[member].parent = policy->node_count;
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}

static size_t count_groups(const struct policy *policy)
{
    return policy->node_count - policy->witness_count;
}

static enum status read_group(struct reader *reader, struct view line)
{
    struct policy *policy = reader->policy;
    struct view name;
    struct view rule;
    if (!next_item(&line, &name) || !next_item(&line, &rule)) {
        return fail_line(reader, STATUS_INVALID,
                         "a group line is: group <name> all|any|<k> <member>...");
    }
    if (count_groups(policy) == POLICY_GROUPS_MAX) {
        return fail_line(reader, STATUS_LIMIT, "there are too many groups");
    }
    TRY(check_new_name(reader, name));
    size_t count = 0;
    TRY(read_members(reader, line, &count));
    uint64_t threshold = view_is(rule, "any") ? 1 : count;
    if (!view_is(rule, "any") && !view_is(rule, "all") &&
        decimal_u64_read(rule, POLICY_NODES_MAX, &threshold) != STATUS_OK) {
        return fail_line(reader, STATUS_INVALID,
                         "the rule of a group is all, any or a decimal number");
    }
    if (threshold < 1 || threshold > count) {
        return fail_line(reader, STATUS_INVALID,
                         "a group asks for at least one and at most all of its members");
    }
    add_node(policy, name, POLICY_NONE, (size_t)threshold);
    return STATUS_OK;
}

static enum status read_quorum(struct reader *reader, struct view line)
{
    struct view name;
    struct view more;
    if (!next_item(&line, &name) || next_item(&line, &more)) {
        return fail_line(reader, STATUS_INVALID, "a quorum line is: quorum <name>|none");
    }
    if (reader->has_quorum) {
        return fail_line(reader, STATUS_INVALID, "there is a second quorum line");
    }
    reader->has_quorum = true;
    reader->policy->quorum = find_node(reader->policy, name);
    if (reader->policy->quorum == POLICY_NONE && !view_is(name, "none")) {
        return fail_line(reader, STATUS_INVALID,
                         "the quorum is not defined on an earlier line: name a witness or group");
    }
    return STATUS_OK;
}

static enum status read_line(struct reader *reader, struct view line)
{
    static const struct {
        const char *word;
        enum status (*read)(struct reader *reader, struct view line);
    } kinds[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
    };
    if (!octets_valid(line)) {
        return fail_line(reader, STATUS_INVALID,
                         "a policy contains no control character but tabs and newlines");
    }
    struct view word;
    if (!next_item(&line, &word) || word.data[0] == '#') {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (view_is(word, kinds[i].word)) {
            return kinds[i].read(reader, line);
        }
    }
    return fail_line(reader, STATUS_INVALID, "a line starts with log, witness, group, quorum or #");
}

static enum status read_lines(struct reader *reader, struct view text)
{
    struct view line;
    while (text_cut_line(&text, &line)) { /* bounded by POLICY_SIZE_MAX */
        TRY(read_line(reader, line));
        reader->line++;
    }
    if (text.size > 0) {
        return fail_line(reader, STATUS_INVALID, "the last newline is missing");
    }
    if (!reader->has_quorum) {
        return fail(reader->failure, STATUS_INVALID, "",
                    "the policy has no quorum line: say \"quorum none\" to ask for no witness");
    }
    return STATUS_OK;
}

enum status policy_parse(struct view text, struct policy **ret_policy, struct failure *failure)
{
    if (text.size > POLICY_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the policy is over %d bytes", POLICY_SIZE_MAX);
    }
    OWNED(policy_freep) struct policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return fail_memory(failure);
    }
    policy->quorum = POLICY_NONE;
    policy->text = malloc(text.size + 1);
    if (policy->text == NULL) {
        return fail_memory(failure);
    }
    memcpy(policy->text, text.data, text.size);
    policy->text[text.size] = '\0';

    struct reader reader = {.policy = policy, .line = 1, .failure = failure};
    TRY(read_lines(&reader, (struct view){.data = policy->text, .size = text.size}));
    *ret_policy = STEAL(policy);
    return STATUS_OK;
}

void policy_free(struct policy *policy)
{
    if (policy != NULL) {
        free(policy->text);
        free(policy);
    }
}

void policy_freep(struct policy **policy)
{
    policy_free(*policy);
    *policy = NULL;
}

bool policy_quorum_holds(const struct policy *policy,
                         const bool has_signed[static POLICY_WITNESSES_MAX])
{
    if (policy->quorum == POLICY_NONE) {
        return true;
    }
    /* A parent stands after its members, so one walk in order decides every node. */
    size_t held_members[POLICY_NODES_MAX] = {0};
    for (size_t i = 0; i <= policy->quorum; i++) {
        const struct policy_node *node = &policy->nodes[i];
        bool holds = node->witness == POLICY_NONE ? held_members[i] >= node->threshold
                                                  : has_signed[node->witness];
        if (i == policy->quorum) {
            return holds;
        }
        if (holds && node->parent != POLICY_NONE) {
            assert(node->parent > i);
            held_members[node->parent]++;
        }
    }
    return false;
}

static enum status fail_log(const struct note_key *log, struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, "", "the signature by %s+%08x does not verify",
                log->name, (unsigned int)log->id);
}

/* Verifies the line of `log`; `*ret_signed` is false when there is none, or of another origin. */
static enum status check_log(const struct note *note, const struct checkpoint *checkpoint,
                             const struct note_key *log, bool *ret_signed, struct failure *failure)
{
    *ret_signed = false;
    if (!view_is(checkpoint->origin, log->name)) {
        return STATUS_OK;
    }
    enum status verified = note_verify(note, log);
    if (verified == STATUS_UNTRUSTED) {
        return fail_log(log, failure);
    }
    *ret_signed = verified == STATUS_OK;
    return STATUS_OK;
}

static bool is_accepted(const struct note_key *wanted, const struct note_key *log)
{
    return wanted == NULL || note_key_equal(wanted, log);
}

/* Finds who of the accepted logs signed; every line by one of them has to verify. */
static enum status find_log(const struct policy *policy, const struct note_key *wanted,
                            const struct note *note, struct policy_result *result,
                            struct failure *failure)
{
    const struct note_key *found = NULL;
    bool has_signed = false;
    for (size_t i = 0; i < policy->log_count; i++) {
        const struct note_key *log = &policy->logs[i].key;
        TRY(check_log(note, &result->checkpoint, log, &has_signed, failure));
        if (has_signed && found == NULL && is_accepted(wanted, log)) {
            found = log;
        }
    }
    if (policy->log_count == 0 && wanted != NULL) {
        TRY(check_log(note, &result->checkpoint, wanted, &has_signed, failure));
        found = has_signed ? wanted : NULL;
    }
    if (found == NULL) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the checkpoint of %.*s is signed by no log that the policy accepts",
                    VIEW_ARGS(result->checkpoint.origin));
    }
    result->log = found;
    return STATUS_OK;
}

/* Whether there is a line with the cosigner's name and id, verified or not. */
static bool has_line(const struct note *note, const struct cosigner *cosigner)
{
    struct note_key key = {.id = cosigner->id};
    memcpy(key.name, cosigner->name, sizeof key.name);
    return note_find(note, &key) < note->count;
}

static enum status check_witness(const struct note *note, const struct policy_witness *witness,
                                 size_t index, struct policy_result *result,
                                 struct failure *failure)
{
    const struct cosigner *cosigner = &witness->cosigner;
    result->witnessed[index] = POLICY_ABSENT;
    result->times[index] = 0;
    if (!has_line(note, cosigner)) {
        return STATUS_OK;
    }
    if (!cosigner_is_usable(cosigner)) {
        result->witnessed[index] = POLICY_UNUSABLE;
        return STATUS_OK;
    }
    enum status verified = cosignature_verify(note, cosigner, &result->times[index]);
    if (verified == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (verified != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the cosignature by %s+%08x (witness %.*s) does not verify", cosigner->name,
                    (unsigned int)cosigner->id, VIEW_ARGS(witness->name));
    }
    result->witnessed[index] = POLICY_SIGNED;
    result->signed_count++;
    return STATUS_OK;
}

enum status policy_check(const struct policy *policy, const struct note_key *log, struct view bytes,
                         struct policy_result *ret_result, struct failure *failure)
{
    struct note note;
    struct policy_result result = {.quorum = POLICY_INCOMPLETE};
    TRY(note_parse(bytes, &note, failure));
    TRY(checkpoint_parse(note.text, &result.checkpoint, failure));
    TRY(find_log(policy, log, &note, &result, failure));
    bool has_signed[POLICY_WITNESSES_MAX] = {false};
    for (size_t i = 0; i < policy->witness_count; i++) {
        TRY(check_witness(&note, &policy->witnesses[i], i, &result, failure));
        has_signed[i] = result.witnessed[i] == POLICY_SIGNED;
    }
    if (policy_quorum_holds(policy, has_signed)) {
        result.quorum = POLICY_HOLDS;
    }
    *ret_result = result;
    return STATUS_OK;
}
