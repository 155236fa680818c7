/* bombs.h -- small files that claim, and hold, far more bytes than may be taken. */
#ifndef TEST_HOSTILE_BOMBS_H
#define TEST_HOSTILE_BOMBS_H

#include <stddef.h>

size_t bomb_count(void);
const char *bomb_name(size_t number);

/* Builds one and reads all of it; aborts when that does more than fail. */
void bomb_read(size_t number);

#endif
