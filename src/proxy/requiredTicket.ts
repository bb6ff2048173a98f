import { DomainError } from '../lib/errors';
import type { ProxyService } from './proxyService';

/** Refuses what brings no ticket that fits the rule. Errors: `ticket-required`. */
export type TicketCheck = (request: { readonly ticket?: string }) => void;

/** `rule`: what a ticket must be, as a whole; null: none is needed. */
export function ticketCheck(rule: RegExp | null): TicketCheck {
  // As it was set: `parsePattern` puts the anchors around it.
  const form = rule?.source.replace(/^\^\(\?:(.*)\)\$$/s, '$1') ?? '';
  return ({ ticket }) => {
    if (rule === null || (ticket !== undefined && rule.test(ticket))) return;
    throw new DomainError(
      'unprocessable',
      'ticket-required',
      `This service takes changes only with a ticket that fits ${form}. Send it as ticket. Nothing was touched.`,
    );
  };
}

/** The same service, for which each change needs a ticket. */
export function requiringTickets<Service extends ProxyService>(proxy: Service, check: TicketCheck): Service {
  return {
    ...proxy,
    copy: async (request, actor) => {
      check(request);
      return proxy.copy(request, actor);
    },
    put: async (id, request, ...more) => {
      check(request);
      return proxy.put(id, request, ...more);
    },
    remove: async (id, request, ...more) => {
      check(request);
      return proxy.remove(id, request, ...more);
    },
    restore: async (id, request, actor) => {
      check(request);
      return proxy.restore(id, request, actor);
    },
    repair: async (request, actor) => {
      check(request);
      return proxy.repair(request, actor);
    },
  };
}
