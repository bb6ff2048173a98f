import { stringify } from 'yaml';
import type { OpenApiDocument } from './openapiTypes';

const HEADER = `# Generated from src/http/controllers by "npm run openapi". Do not edit: test/openapi.test.ts compares it with them.
`;

/** The text of `openapi/openapi.yaml`; the same document gives the same text. */
export function asYaml(document: OpenApiDocument): string {
  return HEADER + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}
