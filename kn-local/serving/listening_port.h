/* SPDX-License-Identifier: Apache-2.0 */
/* TCP ports on this machine, and which processes listen on them (Linux's proc(5)). */
#ifndef KN_LOCAL_SERVING_LISTENING_PORT_H
#define KN_LOCAL_SERVING_LISTENING_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A port that was free a moment ago; 0 when none can be had. */
uint16_t listening_port_free(void);

/* Whether anything on this machine accepts connections to the loopback port. Does not block. */
bool listening_port_is_open(uint16_t port);

/* Whether a process of the group, or one whose files cannot be read, listens on the port. */
bool listening_port_belongs_to(uint16_t port, pid_t group);

/* The lowest port that a process of the group listens on; 0 = none. */
uint16_t listening_port_of(pid_t group);

#endif
