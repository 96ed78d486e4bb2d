/*
 * interpreter.h - which program runs a script, by the name of its file.
 */
#ifndef COMMON_INTERPRETER_H
#define COMMON_INTERPRETER_H

/* "app.js" -> "node"; NULL: its name does not tell. */
const char *interpreter_for(const char *file);

#endif
