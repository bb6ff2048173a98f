import type { NextFunction, Request, Response } from 'express';

/** Content-Security-Policy of what is no page: nothing may be loaded, run or framed. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/**
 * Headers of every answer. Pages (`docs.ts`, `problemPages.ts`) replace the Content-Security-Policy by one under which
 * they work.
 */
export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Security-Policy', NOTHING);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  next();
}
