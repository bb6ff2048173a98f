/** The parts of an OpenAPI 3.0 document that this step touches. */
export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers: { url: string; description?: string; 'x-internal'?: boolean }[];
  tags?: { name: string; description: string }[];
  security?: Record<string, string[]>[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    examples?: Record<string, object>;
    headers?: Record<string, object>;
    securitySchemes: Record<string, object>;
    [other: string]: unknown;
  };
}

/** One operation. */
export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; description?: string; example?: unknown; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, MediaType> };
  responses: Record<string, Answer>;
}

/** One status of an operation. */
export interface Answer {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, MediaType>;
}

/** One representation. */
export interface MediaType {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { $ref: string }>;
}

/** A schema object, as open as JSON. */
export type Schema = Record<string, unknown>;
