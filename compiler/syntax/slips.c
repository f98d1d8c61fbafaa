/* slips.c: guesses, where the parser met what it did not expect, which habit of another language or of a paper led there, and says what is
 * written here. One help at most; the first that fits. */
#include "syntax/parse.h"

#include "parser.h"

#include <string.h>

static bool one_of(const char *token, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(token, *list))
            return true;
    return false;
}

static bool is_word(const struct token *t, const char *const *words)
{
    return t->kind == T_WORD && t->value.name && one_of(t->value.name, words);
}

static bool touches(const struct token *a, const struct token *b)
{
    return a->span.at + a->span.length == b->span.at;
}

static const char *const types[] = {"float", "double", "int", "bool", "string", "str", "char", "tensor", "Tensor", "auto", NULL};
static const char *const functions[] = {"def", "function", "func", "fun", "define", "proc", NULL};
static const char *const networks[] = {"network", "model", "module", "class", "struct", "generator", "discriminator", "critic", NULL};


/* Where a declaration should begin. */
static const char *at_start(struct parse *p, const struct expectation *e)
{
    static const char *const constants[] = {"const", "constant", "parameter", "hyperparameter", "option", "define", NULL};
    static const char *const datasets[] = {"dataset", "input", "inputs", NULL}, *const objectives[] = {"loss", "objective", "cost", NULL};
    static const char *const trainings[] = {"training", "loop", "while", "optimize", "fit", NULL};
    const struct token *t = &p->current;
    if (!expects(e, "import") || expects(e, "and"))
        return NULL;
    if (is_word(t, functions))
        return "a function is declared so: fn f(x) = x + 1";
    if (is_word(t, constants) || is_word(t, types) || t->kind == T_LET || t->kind == T_VAR)
        return "a named constant of the model is declared so: setting k = 5";
    if (is_word(t, networks))
        return "a network is declared so: net G(z ~ noise) -> [784] { ... }";
    if (is_word(t, datasets))
        return "a data set is declared so: data digits : [784] in [0, 1]";
    if (is_word(t, objectives))
        return "a value function is declared so: value V = ...";
    if (t->kind == T_FROM)
        return "a module is imported whole: import NAME";
    if (t->kind == T_PARAM)
        return "parameters are declared in nets and layers";
    if (token_is_statement(t->kind) || t->kind == T_IF || is_word(t, trainings))
        return "statements stand in a train block: train (batch=64, steps=1000) { ... }";
    if (t->kind == T_RBRACE)
        return "no { is open here";
    if (t->kind != T_WORD || !t->value.name)
        return NULL;
    static const char *const declarations[] = {"import", "setting", "data", "prior", "fn", "layer", "net", "optimizer", "value", "train", "report", "picture"};
    const char *near = nearest_name(t->value.name, declarations, sizeof declarations / sizeof *declarations);
    return near ? arena_format(p->g->mem, "did you mean `%s`?", near) : foreign_help(t->value.name);
}

/* After a word that other languages have and this one does not: it was read as a name. */
static const char *after_word(struct parse *p)
{
    static const char *const lambda[] = {"lambda", "λ", NULL}, *const extremes[] = {"min", "max", NULL};
    static const char *const loops[] = {"while", "loop", NULL}, *const elif[] = {"elif", "elsif", "elseif", NULL}, *const mut[] = {"const", "mut", NULL};
    const struct token *before = &p->previous, *t = &p->current;
    if (is_word(t, elif) || is_word(before, elif))
        return "write else if";
    if (before->kind != T_WORD || !before->value.name || (t->kind != T_WORD && t->kind != T_NUMBER && t->kind != T_STRING && t->kind != T_E &&
                                                          !token_is_keyword(t->kind) && t->kind != T_LPAREN && t->kind != T_COLON))
        return NULL;
    if (is_word(before, lambda))
        return "functions have names: declare fn f(x) = ... and say f";
    if (is_word(before, loops))
        return "loops are for i in 0..n { ... }, and repeat n { ... } in a train block";
    if (is_word(before, functions))
        return "functions are declared outside of blocks: fn f(x) = ...";
    if (is_word(before, types))
        return "values are declared without a type: let x = e, or var x = e if it is assigned again";
    if (is_word(before, mut))
        return "write let x = e, or var x = e if it is assigned again";
    if (is_word(before, extremes) && (t->kind == T_E || t->kind == T_WORD))
        return arena_format(p->g->mem, "did you mean `%simize`?", before->value.name);
    if (t->kind == T_COLON)
        return NULL;
    static const char *const statements[] = {"let", "var", "param", "state", "for", "repeat", "every", "together", "maximize", "minimize", "project"};
    const char *near = before->first ? nearest_name(before->value.name, statements, sizeof statements / sizeof *statements) : NULL;
    return near ? arena_format(p->g->mem, "did you mean `%s`?", near) : foreign_help(before->value.name);
}

/* Where the parts of a declaration are joined otherwise. */
static const char *in_declaration(struct parse *p, const struct expectation *e)
{
    const struct token *t = &p->current, *before = &p->previous;
    int kind = t->kind, declaration = p->declaration;
    bool network = declaration == T_NET || declaration == T_LAYER;
    const char *name = before->kind == T_WORD && before->value.name ? before->value.name : "x";
    if (p->brackets.n == 1 || (p->brackets.n == 2 && (kind == T_LBRACE || kind == T_LPAREN))) {
        if (declaration == T_FN && expects(e, "=") && (kind == T_LBRACE || kind == T_COLON || kind == T_ARROW))
            return "a function's body follows `=`: fn f(x) = { ... }";
        if (network && expects(e, "->") && (kind == T_LBRACE || kind == T_COLON))
            return "a net says the shape of what it gives: net G(z ~ noise) -> [784] { ... }";
        if (network && expects(e, "{") && kind == T_ASSIGN)
            return "the body of a net stands in braces: net G(z ~ noise) -> [784] { ... }";
        if (network && expects(e, "(") && kind == T_COLON)
            return "a net names its inputs: net G(z ~ noise) -> [784] { ... }";
        if (declaration == T_OPTIMIZER && expects(e, "(") && kind == T_LBRACE)
            return "an optimizer names the tensor and its gradient: optimizer NAME(options) (w, g) { ... }";
        if (declaration == T_TRAIN && expects(e, "("))
            return "the options stand in parentheses: train (batch=64, steps=1000) { ... }";
        if (declaration == T_SETTING && expects(e, "=") && kind == T_COLON)
            return "a setting is given by `=`: setting k = 5";
        if (declaration == T_DATA && expects(e, "any") && (kind == T_LPAREN || kind == T_NUMBER))
            return "a range stands in brackets: in [0, 1]";
        if (declaration == T_DATA && expects(e, "in") && kind == T_WORD)
            return "the range of the values follows `in`: in [0, 1]";
        if (declaration == T_IMPORT && expects(e, "the end of the line"))
            return "write import NAME, or import \"FILE.gan\"";
    }
    if (kind == T_ASSIGN && expects(e, ":") && !expects(e, "=")) {
        if (declaration == T_DATA)
            return arena_format(p->g->mem, "a shape comes first: data %s : [784] in [0, 1]", name);
        if (declaration == T_PRIOR)
            return arena_format(p->g->mem, "a shape comes first: prior %s : [100] ~ normal(0, 1)", name);
        return arena_format(p->g->mem, "a shape comes first: %s : [100] = ..., or %s : [100] ~ ... for random first values", name, name);
    }
    if (expects(e, "[") && expects(e, "a name") && !expects(e, "a number") && (kind == T_NUMBER || kind == T_STRING))
        return kind == T_NUMBER ? arena_format(p->g->mem, "a shape stands in brackets: [%s]", t->value.node->text) : "a shape stands in brackets: [784]";
    if ((declaration == T_DATA || declaration == T_PRIOR || network) && kind == T_COMMA && before->kind == T_NUMBER && p->brackets.n == 2 && expects(e, ")"))
        return "a shape stands in brackets: [28, 28]";
    if (kind == T_SEP && t->span.length && expects(e, ","))
        return "what stands in brackets is separated by commas";
    return NULL;
}

/* Draws and expectations as papers write them. */
static const char *of_draws(struct parse *p, const struct expectation *e)
{
    const struct token *t = &p->current, *before = &p->previous;
    bool expectation = before->kind == T_E || (before->kind == T_WORD && before->value.name && !strncmp(before->value.name, "E_", 2));
    static const char help[] = "draws stand in brackets: E[x ~ data] f(x)";
    if (t->kind == T_LBRACE && expectation && touches(before, t)) {
        p->silent = p->brackets.n;
        return help;
    }
    if (t->kind == T_TILDE && expects(e, "+") && before->kind == T_WORD)
        return help;
    if (t->kind == T_IN && expects(e, "~"))
        return "a draw is written x ~ data";
    if (t->kind == T_RBRACKET && expects(e, "~"))
        return "the draw needs a name: E[x ~ data] f(x)";
    if (t->kind == T_SEP && before->kind == T_RBRACKET && expects(e, "a number"))
        return "after the brackets stands what is averaged: E[x ~ data] f(x)";
    return NULL;
}

/* Statements of training. */
static const char *of_training(struct parse *p, const struct expectation *e)
{
    const struct token *t = &p->current;
    int kind = t->kind;
    if (expects(e, "using") && (kind == T_SEP || kind == T_RBRACE || kind == T_WITH || kind == T_WORD))
        return "say how to update: minimize V over G using OPTIMIZER";
    if (expects(e, "using") && (kind == T_PLUS || kind == T_AND))
        return "several nets are separated by commas: over D, G";
    if (kind == T_OVER && expects(e, "a number"))
        return "say what is trained for: minimize V over G using OPTIMIZER";
    if (expects(e, "using") && kind == T_LBRACKET)
        return "after over stand the nets that are trained: minimize V over G using OPTIMIZER";
    if (expects(e, "over") && (kind == T_USING || kind == T_WITH || kind == T_SEP || kind == T_RBRACE))
        return "say which nets are trained: minimize V over G using OPTIMIZER";
    if (expects(e, "with") && (kind == T_USING || kind == T_SEP || kind == T_RBRACE))
        return "a projection is written project D with FUNCTION";
    return NULL;
}

/* Loops, choices and blocks. */
static const char *of_blocks(struct parse *p, const struct expectation *e)
{
    static const char *const then[] = {"then", "do", NULL}, *const times[] = {"times", "steps", "step", "epochs", NULL};
    const struct token *t = &p->current, *before = &p->previous;
    int kind = t->kind;
    if (kind == T_SEP && expects(e, "{") && p->ahead_count && p->ahead[0].kind == T_LBRACE) {
        p->bad = p->ahead[0].span; /* of which enough was said */
        return "the { stands at the end of this line, not at the beginning of the next";
    }
    if (before->kind == T_FOR || (expects(e, "in") && !expects(e, "any") && !expects(e, "[") && !expects(e, "+") && p->declaration != T_DATA))
        return "a loop is written for i in 0..n { ... }";
    if (expects(e, ".."))
        return "a range is written a..b: for i in 0..n { ... }";
    if (kind == T_IF && expects(e, "+"))
        return "a choice is written if c { a } else { b }";
    if (!expects(e, "{") || (expects(e, "a number") && kind == T_SEP))
        return NULL;
    if (is_word(t, then))
        return "a choice is written if c { a } else { b }";
    if (is_word(t, times))
        return arena_format(p->g->mem, "leave out `%s`: repeat n { ... }, every n { ... }", t->value.name);
    if (kind == T_COLON || token_is_statement(kind) || (kind == T_SEP && !t->span.length) || kind == T_WORD)
        return "a block stands in braces: { ... }";
    return NULL;
}

/* By the token that was found, and the one before. */
static const char *at_token(struct parse *p, const struct expectation *e)
{
    const struct token *t = &p->current, *before = &p->previous;
    int kind = t->kind;
    bool arithmetic = before->kind == T_PLUS || before->kind == T_MINUS || before->kind == T_TIMES || before->kind == T_DIVIDE;
    if (kind == T_ASSIGN && arithmetic && touches(before, t))
        return arena_format(p->g->mem, "write it out: x = x %s ...", before->value.name);
    if (kind == before->kind && (kind == T_PLUS || kind == T_MINUS) && touches(before, t))
        return arena_format(p->g->mem, "write x = x %s 1", before->value.name);
    if (kind == T_EQ && expects(e, "="))
        return "`==` compares; here stands `=`";
    if (kind == T_ASSIGN && expects(e, "+") && before->kind != T_RBRACKET)
        return "`=` names and assigns, `==` compares";
    if (kind == T_TO && expects(e, ":"))
        return "a slice is written x[a:b]";
    if (kind == T_ARROW && expects(e, "+"))
        return before->kind == T_WORD ? "functions have names: declare fn f(x) = ... and say f; layers are joined by |>" : "layers are joined by |>";
    if (kind == T_LBRACE && before->kind == T_RPAREN && p->declaration == T_VALUE)
        return "between two factors stands `*`";
    if (kind == T_COMMA && before->kind == T_NUMBER && expects(e, "the end of the line"))
        return "a number's fraction follows a point: 1.5";
    if (kind == T_SEP && before->kind == T_REMAINDER)
        return "`%` is the remainder of a division: 5 percent is 0.05";
    if (kind == T_RBRACE && p->brackets.n == 1 && !p->closed_block && !p->crossed.file)
        return "no { is open here";
    if (kind == T_LBRACKET && expects(e, "a number"))
        return "there are no lists: tensors are joined by concat(a, b)";
    if (kind == T_ASSIGN && before->kind == T_RBRACKET)
        return "an element cannot be assigned: make a new tensor, by concat or by if";
    if (kind == T_SET && expects(e, "+"))
        return "an arrow sets a state; a comparison with a negative number has a space: a < -1";
    if (expects(e, ",") && expects(e, ")") && (kind == T_WORD || kind == T_NUMBER || kind == T_STRING))
        return "what stands in brackets is separated by commas";
    if (before->kind == T_NUMBER && kind == T_NUMBER && expects(e, "+"))
        return "digits stand without spaces between them";
    if (before->kind == T_NUMBER && kind == T_WORD && expects(e, "+"))
        return "between two factors stands `*`";
    return NULL;
}

void slip_help(struct parse *p, const struct expectation *e)
{
    const char *help = at_start(p, e);
    if (!help)
        help = after_word(p);
    if (!help)
        help = of_draws(p, e);
    if (!help)
        help = in_declaration(p, e);
    if (!help)
        help = of_training(p, e);
    if (!help)
        help = of_blocks(p, e);
    if (!help)
        help = at_token(p, e);
    if (help)
        diag_help(p->g, "%s", help);
}
