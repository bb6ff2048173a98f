/** What a token may do. Each includes those before it: whoever may change something may also see it. */
export const SCOPES = ['read', 'operate', 'admin'] as const;

/** `read`: see everything. `operate`: copy, set, restore, restart. `admin`: what the tokens and settings decide. */
export type Scope = (typeof SCOPES)[number];

/** Whether a holder of `held` may do what needs `needed`. */
export function includesScope(held: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(held) >= SCOPES.indexOf(needed);
}

/** The scope that a text names, or undefined. */
export function scopeNamed(text: string): Scope | undefined {
  return SCOPES.find((scope) => scope === text);
}
