/*
 * interpreter.h - which word of a command is the script that its interpreter runs.
 *
 * In `node server.js` or `python3 -u app.py` the program says little of what runs.  Known
 * are the usual interpreters, by their names, and those of their options that take a word
 * of their own, or that say what else is to run (`-m`, `-e`).  What is in doubt is no
 * script: nothing is lost then but that a link in its path is followed at each start.
 */
#ifndef SUPERVISOR_INTERPRETER_H
#define SUPERVISOR_INTERPRETER_H

/* The index of the script in `command`, which is to run in this directory; 0: none. */
unsigned interpreter_script(char *const *command, int directory);

#endif
