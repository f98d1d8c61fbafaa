/* parser.y: the grammar of .gan files. LALR(1), no conflicts; each action is one ast.c call.
 *
 * Ends of statements are SEP, which the filter between scanner and grammar finds (filter.c). The statements
 * of every block are one rule: which may stand where is the elaborator's to say. Operators that take their operands
 * with a condition (|>, comparisons) are checked where their nodes are made, in ast.c. After an error the filter
 * drops the rest of the statement; blocks on the way are parsed, so that errors in them show too (`failed`). */

%code requires {
#include "syntax/parse.h"
}
%code {
#define YYLLOC_DEFAULT(whole, parts, n) ((whole) = span_of_parts((parts), (n)))
#define YYMAXDEPTH 20000 /* states; brackets are bounded before (filter.c), so only prefix operators and ^ get there */

/* From the first part that is not empty to the last; parts[0] is what stands before. */
static struct span span_of_parts(const struct span *parts, int n)
{
    int first = 1, last = n;
    while (first < last && !parts[first].length)
        first++;
    while (last > first && !parts[last].length)
        last--;
    if (n)
        return span_join(parts[first], parts[last]);
    return span_at(parts[0].file, parts[0].at + parts[0].length, 0);
}

static int yylex(union token_value *value, struct span *span, struct parse *p)
{
    return filter_token(p, value, span);
}

static void yyerror(const struct span *where, struct parse *p, const char *message);
}

%define api.pure full
%define api.value.type {union token_value}
%define api.location.type {struct span}
%define api.token.prefix {T_}
%define parse.error custom
%define parse.lac full
%locations
%param {struct parse *p}
%expect 0
%initial-action { @$ = span_at(p->file, 0, 0); }

%token END 0 "the end of the file"
%token SEP "the end of the line"
%token <name> WORD "a name"
%token <node> NUMBER "a number" STRING "a string"
%token <name> E "E" SAMPLE "sample" FROM "from" ANY "any"
%token <name> IMPORT "import" SETTING "setting" DATA "data" PRIOR "prior" FN "fn" LAYER "layer" NET "net"
    OPTIMIZER "optimizer" VALUE "value" TRAIN "train" REPORT "report" PICTURE "picture" LET "let" VAR "var"
    PARAM "param" STATE "state" FOR "for" IN "in" IF "if" ELSE "else" REPEAT "repeat" EVERY "every"
    TOGETHER "together" MAXIMIZE "maximize" MINIMIZE "minimize" OVER "over" PROJECT "project" USING "using"
    WITH "with" EXCEPT "except" AND "and" OR "or" NOT "not" TRUE "true" FALSE "false"
%token <name> DERIVATIVE "derivative" REWRITE "rewrite"
%token <name> PIPE "|>" ARROW "->" SET "<-" DOTS "..." TO ".." EQ "==" NE "!=" LE "<=" GE ">=" LT "<" GT ">"
    PLUS "+" MINUS "-" TIMES "*" DIVIDE "/" REMAINDER "%" MATMUL "@" POWER "^" ASSIGN "=" TILDE "~" COLON ":"
    COMMA "," DOT "." LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}"
    RECORD "{ of a record" /* which no block is: the filter tells them apart */

%precedence PREFIX_SAMPLE
%left "or"
%left "and"
%precedence "not"
%left "==" "!=" "<" "<=" ">" ">="
%left "|>"
%left "+" "-"
%precedence PREFIX_E
%left "*" "/" "%"
%left "@"
%precedence PREFIX_MINUS
%right "^"
%precedence SOFT
%precedence "["

%type <name> name word
%type <node> declaration data from type record field shape dim parameters parameter arguments opt_arguments argument
%type <node> statement block if else postfix slice expr opt_expr draws draw parts part path
%type <list> declarations exprs fields dims parameter_list argument_list statements slices draw_list part_list

%%

file: %empty        { p->tree = ast_of_list(p, A_FILE, @$, NULL, NULL); }
    | declarations  { p->tree = ast_of_list(p, A_FILE, @$, NULL, $1); }
    ;
declarations
    : declaration                   { $$ = ast_list(p, NULL, $1); }
    | declarations SEP declaration  { $$ = ast_list(p, $1, $3); }
    ;
declaration
    : "import" STRING               { $$ = ast_with_text(ast_node(p, A_IMPORT, @$, 0), $2); }
    | "import" name                 { $$ = ast_named(p, A_IMPORT, @$, $2, @2, 0); }
    | "setting" name "=" expr       { $$ = ast_named(p, A_SETTING, @$, $2, @2, 1, $4); }
    | data
    | "prior" name ":" shape "~" expr   { $$ = ast_named(p, A_PRIOR, @$, $2, @2, 3, $4, $6, NULL); }
    | "prior" name ":" shape "=" block  { $$ = ast_named(p, A_PRIOR, @$, $2, @2, 3, $4, NULL, $6); }
    | "state" name ":" shape "=" expr   { $$ = ast_named(p, A_STATE, @$, $2, @2, 2, $4, $6); }
    | "fn" name "(" parameters ")" "=" expr     { $$ = ast_named(p, A_FN, @$, $2, @2, 2, $4, $7); }
    | "layer" name "(" parameters ")" block     { $$ = ast_named(p, A_LAYER, @$, $2, @2, 3, $4, NULL, $6); }
    | "layer" name "(" parameters ")" "->" shape block  { $$ = ast_named(p, A_LAYER, @$, $2, @2, 3, $4, $7, $8); }
    | "net" name "(" parameters ")" "->" shape block    { $$ = ast_named(p, A_NET, @$, $2, @2, 3, $4, $7, $8); }
    | "net" name "=" expr           { $$ = ast_named(p, A_NET_ALIAS, @$, $2, @2, 1, $4); }
    | "optimizer" name "(" parameters ")" "(" parameters ")" block
                                    { $$ = ast_named(p, A_OPTIMIZER, @$, $2, @2, 3, $4, $7, $9); }
    | "optimizer" name "=" expr     { $$ = ast_named(p, A_OPTIMIZER_ALIAS, @$, $2, @2, 1, $4); }
    | "value" name "=" expr         { $$ = ast_named(p, A_VALUE, @$, $2, @2, 1, $4); }
    | "train" "(" arguments ")" block       { $$ = ast_node(p, A_TRAIN, @$, 2, $3, $5); }
    | "train" name "(" arguments ")" block  { $$ = ast_named(p, A_TRAIN, @$, $2, @2, 2, $4, $6); }
    | "report" name opt_arguments "=" expr  { $$ = ast_named(p, A_REPORT, @$, $2, @2, 2, $3, $5); }
    | "picture" name opt_arguments "=" expr { $$ = ast_named(p, A_PICTURE, @$, $2, @2, 2, $3, $5); }
    | "derivative" expr "=" exprs   { $$ = ast_of_list(p, A_DERIVATIVE, @$, $2, $4); }
    | "rewrite" expr "=" expr       { $$ = ast_node(p, A_REWRITE, @$, 2, $2, $4); }
    | failed                        { $$ = NULL; yyerrok; }
    ;
data: "data" name ":" type          { $$ = ast_named(p, A_DATA, @$, $2, @2, 4, $4, NULL, NULL, NULL); }
    | "data" name ":" type "from" from                { $$ = ast_named(p, A_DATA, @$, $2, @2, 4, $4, $6, NULL, NULL); }
    | "data" name ":" type "from" from "[" slice "]"  { $$ = ast_named(p, A_DATA, @$, $2, @2, 4, $4, $6, $8, NULL); }
    | "data" name ":" type "=" block  { $$ = ast_named(p, A_DATA, @$, $2, @2, 4, $4, NULL, NULL, $6); }
    ;
from: STRING
    ;
exprs
    : expr              { $$ = ast_list(p, NULL, $1); }
    | exprs "," expr    { $$ = ast_list(p, $1, $3); }
    ;
failed                  /* a declaration or statement with an error, and the blocks in what is left of it */
    : error
    | failed opened "}"
    | failed opened statements "}"
    ;
opened: "{"             { yyerrok; }
    ;

type: shape             { $$ = ast_node(p, A_TYPE, @$, 3, $1, NULL, NULL); }
    | shape "in" "[" expr "," expr "]"  { $$ = ast_node(p, A_TYPE, @$, 3, $1, $4, $6); }
    | shape "in" "any"  { $$ = ast_flag(ast_node(p, A_TYPE, @$, 3, $1, NULL, NULL), AST_ANY); }
    | record
    ;
record
    : "{ of a record" fields "}"        { $$ = ast_of_list(p, A_RECORD, @$, NULL, $2); }
    | "{ of a record" fields "," "}"    { $$ = ast_of_list(p, A_RECORD, @$, NULL, $2); }
    ;
fields
    : field             { $$ = ast_list(p, NULL, $1); }
    | fields "," field  { $$ = ast_list(p, $1, $3); }
    ;
field: word ":" type    { $$ = ast_named(p, A_FIELD_TYPE, @$, $1, @1, 1, $3); }
    ;
shape
    : "[" "]"           { $$ = ast_of_list(p, A_SHAPE, @$, NULL, NULL); }
    | "[" dims "]"      { $$ = ast_of_list(p, A_SHAPE, @$, NULL, $2); }
    | "[" dims "," "]"  { $$ = ast_of_list(p, A_SHAPE, @$, NULL, $2); }
    | postfix
    ;
dims: dim               { $$ = ast_list(p, NULL, $1); }
    | dims "," dim      { $$ = ast_list(p, $1, $3); }
    ;
dim : expr
    | "..."             { $$ = ast_node(p, A_ELLIPSIS, @$, 0); }
    ;

parameters
    : %empty                { $$ = ast_of_list(p, A_PARAMETERS, @$, NULL, NULL); }
    | parameter_list        { $$ = ast_of_list(p, A_PARAMETERS, @$, NULL, $1); }
    | parameter_list ","    { $$ = ast_of_list(p, A_PARAMETERS, @$, NULL, $1); }
    ;
parameter_list
    : parameter                     { $$ = ast_list(p, NULL, $1); }
    | parameter_list "," parameter  { $$ = ast_list(p, $1, $3); }
    ;
parameter
    : name                      { $$ = ast_named(p, A_PARAMETER, @$, $1, @1, 2, NULL, NULL); }
    | name "=" expr             { $$ = ast_named(p, A_PARAMETER, @$, $1, @1, 2, NULL, $3); }
    | name ":" shape            { $$ = ast_named(p, A_PARAMETER, @$, $1, @1, 2, $3, NULL); }
    | name ":" shape "=" expr   { $$ = ast_named(p, A_PARAMETER, @$, $1, @1, 2, $3, $5); }
    | name "~" expr             { $$ = ast_flag(ast_named(p, A_PARAMETER, @$, $1, @1, 2, NULL, $3), AST_TILDE); }
    ;
opt_arguments
    : %empty                { $$ = NULL; }
    | "(" arguments ")"     { $$ = $2; }
    ;
arguments
    : %empty                { $$ = ast_of_list(p, A_ARGUMENTS, @$, NULL, NULL); }
    | argument_list         { $$ = ast_of_list(p, A_ARGUMENTS, @$, NULL, $1); }
    | argument_list ","     { $$ = ast_of_list(p, A_ARGUMENTS, @$, NULL, $1); }
    ;
argument_list
    : argument                      { $$ = ast_list(p, NULL, $1); }
    | argument_list "," argument    { $$ = ast_list(p, $1, $3); }
    ;
argument
    : expr                      { $$ = ast_node(p, A_ARGUMENT, @$, 1, $1); }
    | word "=" expr             { $$ = ast_named(p, A_ARGUMENT, @$, $1, @1, 1, $3); }
    | postfix "except" path     { $$ = ast_node(p, A_ARGUMENT, @$, 1, ast_except(p, @$, $1, $3)); }
    ;

block
    : "{" "}"               { $$ = ast_of_list(p, A_BLOCK, @$, NULL, NULL); }
    | "{" statements "}"    { $$ = ast_of_list(p, A_BLOCK, @$, NULL, $2); }
    ;
statements
    : statement                 { $$ = ast_list(p, NULL, $1); }
    | statements SEP statement  { $$ = ast_list(p, $1, $3); }
    ;
statement
    : expr
    | "let" name "=" expr           { $$ = ast_named(p, A_LET, @$, $2, @2, 2, NULL, $4); }
    | "let" name "~" expr           { $$ = ast_flag(ast_named(p, A_LET, @$, $2, @2, 2, NULL, $4), AST_TILDE); }
    | "let" name ":" shape "=" expr { $$ = ast_named(p, A_LET, @$, $2, @2, 2, $4, $6); }
    | "let" name ":" shape "~" expr { $$ = ast_flag(ast_named(p, A_LET, @$, $2, @2, 2, $4, $6), AST_TILDE); }
    | "var" name "=" expr           { $$ = ast_named(p, A_VAR, @$, $2, @2, 2, NULL, $4); }
    | "var" name "~" expr           { $$ = ast_flag(ast_named(p, A_VAR, @$, $2, @2, 2, NULL, $4), AST_TILDE); }
    | "var" name ":" shape "=" expr { $$ = ast_named(p, A_VAR, @$, $2, @2, 2, $4, $6); }
    | "var" name ":" shape "~" expr { $$ = ast_flag(ast_named(p, A_VAR, @$, $2, @2, 2, $4, $6), AST_TILDE); }
    | "param" name ":" shape "=" expr   { $$ = ast_named(p, A_PARAM, @$, $2, @2, 2, $4, $6); }
    | "param" name ":" shape "~" expr   { $$ = ast_flag(ast_named(p, A_PARAM, @$, $2, @2, 2, $4, $6), AST_TILDE); }
    | "state" name ":" shape "=" expr   { $$ = ast_named(p, A_STATE, @$, $2, @2, 2, $4, $6); }
    | "state" name ":" shape "~" expr   { $$ = ast_flag(ast_named(p, A_STATE, @$, $2, @2, 2, $4, $6), AST_TILDE); }
    | name "=" expr                 { $$ = ast_named(p, A_ASSIGN, @$, $1, @1, 1, $3); }
    | name "<-" expr                { $$ = ast_named(p, A_SET, @$, $1, @1, 1, $3); }
    | "for" name "in" expr ".." expr block  { $$ = ast_named(p, A_FOR, @$, $2, @2, 3, $4, $6, $7); }
    | "repeat" expr block           { $$ = ast_node(p, A_REPEAT, @$, 2, $2, $3); }
    | "every" expr block            { $$ = ast_node(p, A_EVERY, @$, 2, $2, $3); }
    | "together" block              { $$ = ast_node(p, A_TOGETHER, @$, 1, $2); }
    | "maximize" expr "over" parts "using" expr
                                    { $$ = ast_flag(ast_node(p, A_OPTIMIZE, @$, 3, $2, $4, $6), AST_MAXIMIZE); }
    | "minimize" expr "over" parts "using" expr  { $$ = ast_node(p, A_OPTIMIZE, @$, 3, $2, $4, $6); }
    | "project" parts "with" expr   { $$ = ast_node(p, A_PROJECT, @$, 2, $2, $4); }
    | failed                        { $$ = NULL; yyerrok; }
    ;
parts: part_list            { $$ = ast_of_list(p, A_PARTS, @$, NULL, $1); }
    ;
part_list
    : part                  { $$ = ast_list(p, NULL, $1); }
    | part_list "," part    { $$ = ast_list(p, $1, $3); }
    ;
part: path                  { $$ = ast_node(p, A_PART, @$, 2, $1, NULL); }
    | path "except" path    { $$ = ast_node(p, A_PART, @$, 2, $1, $3); }
    ;
path: name                  { $$ = ast_named(p, A_NAME, @$, $1, @1, 0); }
    | path "." WORD         { $$ = ast_named(p, A_FIELD, @$, $3, @3, 1, $1); }
    ;

expr: "sample" "[" draws "]" expr %prec PREFIX_SAMPLE   { $$ = ast_node(p, A_SAMPLE, @$, 2, $3, $5); }
    | expr "or" expr        { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | expr "and" expr       { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | "not" expr            { $$ = ast_node(p, A_NOT, @$, 1, $2); }
    | expr "==" expr        { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr "!=" expr        { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr "<" expr         { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr "<=" expr        { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr ">" expr         { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr ">=" expr        { $$ = ast_comparison(p, @$, $2, @2, $1, $3); }
    | expr "|>" expr        { $$ = ast_pipe(p, @$, @2, $1, $3); }
    | expr "+" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | expr "-" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | "E" "[" draws "]" expr %prec PREFIX_E { $$ = ast_node(p, A_EXPECTATION, @$, 2, $3, $5); }
    | expr "*" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | expr "/" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | expr "%" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | expr "@" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | "-" expr %prec PREFIX_MINUS   { $$ = ast_node(p, A_NEGATE, @$, 1, $2); }
    | expr "^" expr         { $$ = ast_binary(p, @$, $2, @2, $1, $3); }
    | NUMBER
    | STRING
    | "true"                { $$ = ast_flag(ast_node(p, A_BOOLEAN, @$, 0), AST_TRUE); }
    | "false"               { $$ = ast_node(p, A_BOOLEAN, @$, 0); }
    | postfix
    | block
    | if
    ;
opt_expr
    : %empty                { $$ = NULL; }
    | expr
    ;
if  : "if" expr block else  { $$ = ast_node(p, A_IF, @$, 3, $2, $3, $4); }
    ;
else: %empty                { $$ = NULL; }
    | "else" block          { $$ = $2; }
    | "else" if             { $$ = $2; }
    ;
draws
    : draw_list             { $$ = ast_of_list(p, A_DRAWS, @$, NULL, $1); }
    | draw_list ","         { $$ = ast_of_list(p, A_DRAWS, @$, NULL, $1); }
    ;
draw_list
    : draw                  { $$ = ast_list(p, NULL, $1); }
    | draw_list "," draw    { $$ = ast_list(p, $1, $3); }
    ;
draw: name "~" expr             { $$ = ast_named(p, A_DRAW, @$, $1, @1, 2, NULL, $3); }
    | name ":" shape "~" expr   { $$ = ast_named(p, A_DRAW, @$, $1, @1, 2, $3, $5); }
    ;
postfix
    : name                      { $$ = ast_named(p, A_NAME, @$, $1, @1, 0); }
    | "(" expr ")"              { $$ = ast_parenthesised(p, $2, @$); }
    | postfix "(" arguments ")" { $$ = ast_node(p, A_CALL, @$, 2, $1, $3); }
    | postfix "[" slices "]"        { $$ = ast_of_list(p, A_INDEX, @$, $1, $3); }
    | postfix "[" slices "," "]"    { $$ = ast_of_list(p, A_INDEX, @$, $1, $3); }
    | postfix "." WORD          { $$ = ast_named(p, A_FIELD, @$, $3, @3, 1, $1); }
    ;
slices
    : slice                     { $$ = ast_list(p, NULL, $1); }
    | slices "," slice          { $$ = ast_list(p, $1, $3); }
    ;
slice
    : expr
    | opt_expr ":" opt_expr     { $$ = ast_node(p, A_SLICE, @$, 2, $1, $3); }
    | "..."                     { $$ = ast_node(p, A_ELLIPSIS, @$, 0); }
    ;

name: WORD | "E" %prec SOFT | "sample" %prec SOFT | "from" | "any"
    ;
word: name                      /* options and fields may be called as they like: every=500 */
    | "import" | "setting" | "data" | "prior" | "fn" | "layer" | "net" | "optimizer" | "value" | "train" | "report"
    | "picture" | "let" | "var" | "param" | "state" | "for" | "in" | "if" | "else" | "repeat" | "every" | "together"
    | "maximize" | "minimize" | "over" | "project" | "using" | "with" | "except" | "and" | "or" | "not" | "true" | "false"
    ;

%%

static int yyreport_syntax_error(const yypcontext_t *context, struct parse *p)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    const char *expected[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, kinds, YYNTOKENS);
    for (int i = 0; i < count; i++)
        expected[i] = yysymbol_name(kinds[i]);
    syntax_error(p, expected, count > 0 ? count : 0);
    return 0;
}

/* Only "memory exhausted", as syntax errors go the way above: the parser's stack is at its limit. */
static void yyerror(const struct span *where, struct parse *p, const char *message)
{
    (void)message;
    parse_too_deep(p, *where, DEEPEST_TREE);
}

struct ast *ast_parse(struct ganc *g, uint32_t file, bool rules)
{
    struct parse p = {.g = g, .source = g->sources.at[file], .file = file, .rules = rules};
    if (!lexer_open(&p))
        return NULL;
    p.last = T_NEWLINE;
    vec_push(g->mem, &p.brackets, (struct bracket){.open = 0});
    yyparse(&p);
    lexer_close(&p);
    if (p.errors >= MOST_ERRORS)
        diag(g, E0118, span_at(file, p.scanned, 0), p.source->name);
    if (p.too_deep) /* the tree has lost what was too deep */
        return NULL;
    if (p.tree) {
        ast_document(&p, p.tree);
        p.tree->flags |= (p.broken ? AST_BROKEN : 0) | (p.errors ? AST_MISSPELT : 0);
    }
    return p.tree;
}
