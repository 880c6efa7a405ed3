/* Agent: the way to the SSH agent that $SSH_AUTH_SOCK names; ledger/crypto/ssh_agent.h speaks. */
#pragma once

#include "ledger/base/status.h"
#include "ledger/crypto/ssh_agent.h"

/* A person may have to confirm a signature, or to touch a device. */
#define AGENT_SECONDS 60

/*
 * Connects to the agent.
 *
 * Owner   the caller calls ret_agent->release, or hands the agent on to ssh_agent_hold.
 * Errors  STATUS_NOT_FOUND when there is no agent; STATUS_MEMORY. An exchange fails with
 *         STATUS_STORAGE when the agent does not answer within AGENT_SECONDS.
 */
enum status agent_connect(struct ssh_agent *ret_agent, struct failure *failure);
