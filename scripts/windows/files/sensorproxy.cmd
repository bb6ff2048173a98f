@echo off
rem Nothing in the environment may load code into the service or change how its Node runs.
setlocal EnableExtensions DisableDelayedExpansion
set "ERRORLEVEL="
set "NODE_OPTIONS="
set "NODE_PATH="
set "NODE_COMPILE_CACHE="
set "NODE_EXTRA_CA_CERTS="
set "NODE_TLS_REJECT_UNAUTHORIZED="
set "OPENSSL_CONF="
set "OPENSSL_MODULES="
"%~dp0node.exe" "%~dp0app\main.js" %*
exit /b %ERRORLEVEL%
