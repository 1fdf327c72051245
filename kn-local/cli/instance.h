/* The folder that holds everything: made, locked against a second kn-local, and told to others. */
#ifndef KN_LOCAL_CLI_INSTANCE_H
#define KN_LOCAL_CLI_INSTANCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero but lock is empty. */
struct home {
    char *path; /* absolute */
    int lock;   /* held while kn-local runs; -1 = not */
};

/* What a running kn-local tells those who ask for its exports. */
struct home_note {
    uint16_t port, api_port;
    char *gcp_url;  /* of the emulator, NULL for Google itself */
    bool gcp_local; /* it was started by kn-local, with its data in PATH/gcp */
};

/* Fails with ERR_INPUT when it cannot be written, ERR_CONFLICT when another kn-local has it. */
bool home_open(const char *path, struct home *home, struct err *err);

/* Writes PATH/kn-local.json; removed by home_close. */
bool home_tell(const struct home *home, const struct home_note *note, struct err *err);
void home_close(struct home *home);

static inline void own_home(struct home *local)
{
    home_close(local);
}

/* What the running kn-local of a folder told; ERR_NOT_FOUND when none runs. path is made absolute.
 */
bool home_ask(const char *path, char **absolute, struct home_note *note, struct err *err);
void home_note_done(struct home_note *note);

static inline void own_home_note(struct home_note *local)
{
    home_note_done(local);
}

#endif
